// Whether an operator has to be told that reports cannot be had here.
import { expect, it } from 'vitest';
import { lacksAnalyticsEngine } from './connect-reads.ts';

const absent = 'an-engine-that-nobody-installed';

it.each([
  [{ ANALYTICS: 'on' as const }, absent, true],
  [{ ANALYTICS: 'on' as const }, 'zod', false],
  [{ ANALYTICS: 'off' as const }, absent, false],
  [{ ANALYTICS: 'on' as const, CLICKHOUSE_URL: 'http://clickhouse:8123' }, absent, false],
])('an engine that was left out is missed only where it is wanted: %o, %s', (config, engine, lacks) =>
  expect(lacksAnalyticsEngine({ CLICKHOUSE_URL: undefined, ...config }, engine)).toBe(lacks),
);
