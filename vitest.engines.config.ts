import { defineConfig } from 'vitest/config';

const patience = { testTimeout: 120_000, hookTimeout: 120_000 };
/** Suites that break the servers themselves: nothing else may stand on them meanwhile. */
const breaking = ['tests/fleet/kills.test.ts'];

/** The suites on real servers: `npm run test:engines`. The flow tests are those of `npm test`, on a fleet of processes. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'engines', include: ['tests/engines/**/*.test.ts'], maxWorkers: 2, ...patience, sequence: { groupOrder: 0 } } },
      {
        test: {
          name: 'fleet',
          include: ['tests/flow/**/*.test.ts', 'tests/fleet/**/*.test.ts'],
          exclude: breaking,
          env: { MARKET: 'fleet' },
          maxWorkers: 2,
          ...patience,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'kills', include: breaking, maxWorkers: 1, ...patience, sequence: { groupOrder: 2 } } },
    ],
  },
});
