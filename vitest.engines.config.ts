import { defineConfig } from 'vitest/config';

const patience = { testTimeout: 120_000, hookTimeout: 120_000 };

/** The suites on real servers: `npm run test:engines`. The flow tests are those of `npm test`, on a fleet of processes. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { name: 'engines', include: ['tests/engines/**/*.test.ts'], ...patience } },
      { test: { name: 'fleet', include: ['tests/flow/**/*.test.ts', 'tests/fleet/**/*.test.ts'], env: { MARKET: 'fleet' }, ...patience } },
    ],
  },
});
