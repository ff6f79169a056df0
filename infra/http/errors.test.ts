import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errors, errorsTable } from './errors.ts';

const root = join(import.meta.dirname, '..', '..');
const sources = ['domain', 'commands', 'projections', 'write-api', 'read-api', 'infra'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name)),
);

describe('the table of errors', () => {
  it('is sorted, so that a code is found and added in one place', () => {
    expect(Object.keys(errors)).toEqual([...Object.keys(errors)].sort());
  });
  it('names every code as <service>.<reason>, with a status of refusal and a sentence', () => {
    for (const [code, { status, meaning }] of Object.entries(errors)) {
      expect(code).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(meaning).toMatch(/\.$/);
    }
  });
  it('holds every code that the source throws', () => {
    const missing = sources.flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/new DomainError\(\s*'([^']+)'/g)]
        .map(([, code]) => code ?? '')
        .filter((code) => !Object.hasOwn(errors, code))
        .map((code) => `${path}: ${code}`),
    );
    expect(missing).toEqual([]);
  });
  it('becomes documentation', () => expect(errorsTable()).toContain('| `order.not_found` | 404 |'));
});
