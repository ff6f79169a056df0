// What .dockerignore lets into the image is enough to run: every file that main.ts can reach, and every package that those import.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** `*` stands for anything in one part of a path, a dot at its beginning included; a folder `**` for any number of folders. */
const matcher = (pattern: string) => {
  const escaped = pattern.replaceAll('.', '\\.').replaceAll('**/', '\0').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped.replaceAll('\0', '(?:[^/]+/)*')}$`);
};

const rules = read('.dockerignore')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => (line.startsWith('!') ? { takes: true, pattern: matcher(line.slice(1)) } : { takes: false, pattern: matcher(line) }));

/** As Docker does it: the last rule that matches the path, or a folder that it is in, decides. */
const isInImage = (path: string) => {
  const parts = path.split('/');
  const within = parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
  return rules.findLast(({ pattern }) => within.some((each) => pattern.test(each)))?.takes ?? true;
};

/** Whatever a file imports at run time, also lazily, and the files that it starts threads and children from. */
const importsOf = (path: string): string[] =>
  [
    ...read(path).matchAll(/^(?:import|export) (?!type )(?:[^;'"]*? from )?'([^']+)'/gms),
    ...read(path).matchAll(/\bimport\('([^']+)'\)/g),
    ...read(path).matchAll(/new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g),
  ].map(([, specifier]) => specifier ?? '');

const files = new Set(['main.ts']);
const packages = new Set<string>();
for (const file of files) {
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('.')) files.add(relative(root, join(root, dirname(file), specifier)));
    else if (!specifier.startsWith('node:')) packages.add(specifier.match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? specifier);
  }
}

it('finds the program', () => {
  expect(files.size).toBeGreaterThan(200);
  expect([...files].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  expect([...files]).toEqual(
    expect.arrayContaining(['projector.ts', 'infra/event-store/sqlite-writer.ts', 'infra/event-store/eventstoredb.ts']),
  );
});

it('has every file that the program can reach', () => {
  expect([...files].filter((file) => !isInImage(file))).toEqual([]);
});

it('has every package that the program imports, and needs none of those for development', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json'));
  const present = Object.keys({ ...dependencies, ...optionalDependencies });
  expect([...packages].filter((name) => !present.includes(name))).toEqual([]);
  expect(present.filter((name) => Object.hasOwn(devDependencies, name))).toEqual([]);
});

it.each([
  '.git/config',
  '.data/vault.db',
  'master.key',
  'node_modules/hono/package.json',
  'tests/market.ts',
  'domain/money.test.ts',
  '.env',
])('leaves out %s', (path) => {
  expect(isInImage(path)).toBe(false);
});
