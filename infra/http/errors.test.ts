import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errors, errorsTable } from './errors.ts';

const root = join(import.meta.dirname, '..', '..');
const isSource = (name: string) => name.endsWith('.ts') && !name.endsWith('.test.ts');
const sources = [
  ...readdirSync(root).filter(isSource),
  ...['app', 'domain', 'commands', 'projections', 'write-api', 'read-api', 'infra']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(isSource)
        .map((name) => join(folder, name)),
    ),
];

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
  it('holds no code that the source never names', () => {
    const elsewhere = sources.filter((path) => !/(^infra\/http\/errors|contract)\.ts$/.test(path));
    const said = elsewhere.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
    const isNamed = (code: string) => ["'", '"', '`'].some((quote) => said.includes(`${quote}${code}${quote}`));
    expect(Object.keys(errors).filter((code) => !isNamed(code))).toEqual([]);
  });
  it('becomes documentation', () => expect(errorsTable()).toContain('| `order.not_found` | 404 |'));
});
