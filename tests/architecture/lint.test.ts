// The lint rules that the design leans on are seen to fail: each planted offender is reported, and what only looks like one is not.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const offenders = 'tests/architecture/offenders';
const files = (folder: string) => globSync(`${offenders}/${folder}/**/*.ts`).toSorted();

const Report = z.object({
  diagnostics: z.array(z.object({ category: z.string(), message: z.string(), location: z.object({ path: z.string() }) })),
});

const report = (): ReadonlyMap<string, readonly string[]> => {
  const options = ['--config-path=tests/architecture/offenders.biome.json', '--reporter=json', '--max-diagnostics=none'];
  const { stdout } = spawnSync('node_modules/.bin/biome', ['lint', ...options, offenders], { encoding: 'utf8' });
  const found = new Map<string, string[]>();
  for (const { category, message, location } of Report.parse(JSON.parse(stdout)).diagnostics) {
    found.set(location.path, [...(found.get(location.path) ?? []), `${category}: ${message}`]);
  }
  return found;
};

const found = report();
const isImpure = (text: string) => text.startsWith('plugin: Pure code') || text.startsWith('lint/style/noRestrictedGlobals');

describe('pure code', () => {
  it.each(files('purity'))('%s is refused', (file) => {
    expect(found.get(file)?.some(isImpure), found.get(file)?.join('\n')).toBe(true);
  });

  it.each(files('pure'))('%s passes', (file) => {
    expect(found.get(file)).toBeUndefined();
  });
});

describe('lint', () => {
  const named = files('lint').filter((file) => basename(file) !== 'gate.ts');

  it.each(named)('%s is refused', (file) => {
    const rule = basename(file, '.ts');
    const isNamed = (text: string) =>
      rule === 'noDoubleCast' ? text.startsWith('plugin: A cast') : text.split(':')[0]?.endsWith(`/${rule}`);
    expect(found.get(file)?.some(isNamed), found.get(file)?.join('\n')).toBe(true);
  });
});
