// Files of comma-separated values, whole: rows as text by the names in their first line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** The rows of each file of a folder (`<name>.csv`). Throws what the file system or the parser says, with the file's name. */
export const readCsvFiles = <Name extends string>(directory: string, names: readonly Name[]): Record<Name, Record<string, string>[]> => {
  const read = (name: Name): Record<string, string>[] => {
    const file = join(directory, `${name}.csv`);
    try {
      return parse(readFileSync(file), { columns: true, bom: true, skip_empty_lines: true });
    } catch (error) {
      throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, Record<string, string>[]>;
};
