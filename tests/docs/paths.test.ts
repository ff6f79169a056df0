// Every link and every path that the pages of this repository name leads somewhere.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync('{*.md,docs/**/*.md,*/README.md}', { cwd: root, exclude: ['node_modules'] });

/** Links to other pages, without those to the web and to places in the same page. */
const linksIn = (text: string) =>
  [...text.matchAll(/\]\(([^)#\s]+)/g)].flatMap(([, link]) => (link === undefined || /^[a-z]+:/.test(link) ? [] : [link]));

/** Paths of files between backticks; those that stand for any of a kind (`<name>`, `…`, `*`) are no paths. */
const pathsIn = (text: string) => [...text.matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|mjs|md|json))`/g)].flatMap(([, path]) => path ?? []);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const home = join(root, dirname(page));

  it('has links that lead somewhere', () => {
    expect(linksIn(text).filter((link) => !existsSync(join(home, link)))).toEqual([]);
  });

  it('names files that are there', () => {
    expect(pathsIn(text).filter((path) => !existsSync(join(root, path)) && !existsSync(join(home, path)))).toEqual([]);
  });

  it('is short enough to be read', () => {
    const most = page.startsWith('docs/adr/') ? 60 : page.endsWith('/README.md') ? 40 : Number.POSITIVE_INFINITY;
    expect(text.split('\n').length).toBeLessThanOrEqual(most);
  });
});

it('finds the pages', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/walk.md', 'domain/README.md']));
});
