// The embedded tables keep the contract.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tablesContract } from './contract.ts';
import { openSqliteTableReader, openSqliteTableWriter } from './sqlite.ts';

tablesContract('sqlite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tables-'));
  const file = join(directory, 'read.db');
  return {
    writer: openSqliteTableWriter(file),
    reader: async () => openSqliteTableReader(file),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});
