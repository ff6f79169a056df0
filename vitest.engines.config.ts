import { defineConfig } from 'vitest/config';

/** The suites on real servers: `npm run test:engines`. */
export default defineConfig({
  test: {
    include: ['tests/engines/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
