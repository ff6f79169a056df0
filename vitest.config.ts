import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['domain/**/*.test.ts', 'commands/**/*.test.ts', 'projections/**/*.test.ts', 'infra/**/*.test.ts', 'tests/**/*.test.ts'],
    maxWorkers: 2,
  },
});
