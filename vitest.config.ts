import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['domain/**/*.test.ts', 'commands/**/*.test.ts', 'projections/**/*.test.ts', 'infra/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/engines/**', 'tests/fleet/**'],
    maxWorkers: 2,
    // Only a test that hangs should meet these: how long a test takes says nothing about whether it holds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
