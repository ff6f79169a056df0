// Rows that are carried are the same afterwards, whatever stood there before, and a proof counts each that is not.
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { copyRows, proveRows } from './copy-rows.ts';
import { type Rows, sqliteRows } from './rows.ts';

const form = { name: 'tokens', key: ['hash', 'text'], columns: { kind: 'text', owner: 'text', secret: 'bytes', used: 'truth' } } as const;
const opened = (rows: readonly (readonly [string, string, string, string | null])[]) => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE tokens (hash TEXT PRIMARY KEY, kind TEXT, owner TEXT, secret BLOB, used INTEGER, UNIQUE (kind, owner))');
  const put = database.prepare('INSERT INTO tokens VALUES (?, ?, ?, ?, 0)');
  for (const [hash, kind, owner, secret] of rows) put.run(hash, kind, owner, secret === null ? null : Buffer.from(secret));
  return { database, rows: sqliteRows(database, form, { table: 'tokens' }) };
};
const all = (rows: Rows) => rows.page('', 10_000);

it('takes away what is too much and puts in what is missing or another, also where a value may be there once only', async () => {
  const from = opened([
    ['a', 'reset', 'wayan', 'one'],
    ['c', 'reset', 'siti', null],
    ['d', 'verify', 'siti', 'four'],
  ]).rows;
  const to = opened([
    ['a', 'reset', 'wayan', 'another'],
    ['b', 'verify', 'siti', 'two'],
    ['z', 'reset', 'siti', 'six'],
  ]).rows;
  expect(await proveRows({ from, to })).toEqual({ rows: 5, differences: 5 });
  await copyRows({ from, to });
  expect(await all(to)).toEqual(await all(from));
  expect(await proveRows({ from, to })).toEqual({ rows: 3, differences: 0 });
});

it('carries more than one page, and nothing where all is the same', async () => {
  const many = Array.from({ length: 2_500 }, (_, n) => [`h${String(n).padStart(5, '0')}`, 'reset', `u${n}`, `s${n}`] as const);
  const [from, to] = [opened(many).rows, opened(many.filter((_, n) => n % 3 === 0)).rows];
  await copyRows({ from, to });
  expect(await proveRows({ from, to })).toEqual({ rows: 2_500, differences: 0 });
  const untouched: Rows = { ...to, replace: () => Promise.reject(new Error('there was nothing to do')) };
  await copyRows({ from, to: untouched });
});

it('counts a byte that differs', async () => {
  const [from, other] = [opened([['a', 'reset', 'wayan', 'one']]), opened([['a', 'reset', 'wayan', 'one']])];
  other.database.exec("UPDATE tokens SET secret = x'6f6e64'");
  expect(await proveRows({ from: from.rows, to: other.rows })).toEqual({ rows: 1, differences: 1 });
});
