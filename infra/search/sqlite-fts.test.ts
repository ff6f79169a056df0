// The search contract on SQLite, and the Indonesian word forms.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { searchContract } from './contract.ts';
import { oneTypoAway, words } from './indonesian.ts';
import { openSearchIndex } from './sqlite-fts.ts';
import { openSearchReader } from './sqlite-reader.ts';

searchContract('SQLite FTS5', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'search-'));
  const reader = openSearchReader(join(directory, 'search.db'));
  const index = openSearchIndex(join(directory, 'search.db'));
  return {
    index,
    reader,
    settle: async () => {},
    close: async () => {
      await reader.close();
      await index.close();
      await rm(directory, { recursive: true });
    },
  };
});

describe('Indonesian words', () => {
  it.each([
    ['memakai pakaian dipakai', 'pakai pakaian pakai'],
    ['memasak masakan dimasak', 'masak masak masak'],
    ['menulis penulis tulisan', 'tulis tulis tulis'],
    ['berlari pelari terlari', 'lari lari lari'],
    ['menyapu penyapu', 'sapu sapu'],
    ['kopinya kopi', 'kopi kopi'],
    ['hp handphone HANDPHONE telepon genggam', 'ponsel ponsel ponsel ponsel'],
    ['sepatu untuk lari', 'sepatu lari'],
    ['jam tangan, Jam-Tangan!', 'arloji arloji'],
  ])('%s → %s', (text, expected) => expect(words(text).join(' ')).toBe(expected));

  it('have neighbours at one typing error', () => {
    expect(oneTypoAway('roti')).toEqual(expect.arrayContaining(['rotti', 'rot', 'rota', 'orti']));
    expect(oneTypoAway('roti')).not.toContain('roti');
  });
});
