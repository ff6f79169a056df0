// A file of comma-separated values, whole: rows as text by the names in its first line, each with the line at which it begins. What cannot be read exactly is refused.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { DomainError } from '../../domain/error.ts';
import { firstUnreadable, textOf } from '../text.ts';

export interface CsvFile {
  /** As it stands in the folder, for messages. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly row: Readonly<Record<string, string>> }[];
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

const refuse = (name: string, line: number | null, problem: string): never => {
  throw new DomainError('import.bad_file', `${name}${line === null ? '' : `, line ${line}`}${problem}`, { file: name, line });
};

const linesIn = (bytes: Uint8Array, from: number, to: number): number => {
  let lines = 0;
  for (let at = from; at < to; at += 1) if (bytes[at] === lineFeed) lines += 1;
  return lines;
};

const startsWith = (bytes: Uint8Array, ...mark: readonly number[]) => mark.every((byte, n) => bytes[n] === byte);

/** The text's bytes, without the mark that says that they are UTF-8. */
const readable = (name: string, file: Uint8Array): Uint8Array => {
  const save = 'save the file as UTF-8';
  if (startsWith(file, 0xff, 0xfe) || startsWith(file, 0xfe, 0xff)) refuse(name, 1, ` is written in UTF-16; ${save}.`);
  const bytes = startsWith(file, 0xef, 0xbb, 0xbf) ? file.subarray(3) : file;
  const nothing = bytes.indexOf(0);
  if (nothing >= 0) refuse(name, 1 + linesIn(bytes, 0, nothing), ` holds a byte 0, as UTF-16 does; ${save}.`);
  const at = firstUnreadable(bytes);
  if (at === null) return bytes;
  const begin = bytes.lastIndexOf(lineFeed, at - 1) + 1;
  const column = at === 0 ? 1 : [...textOf(bytes.subarray(at === 0 ? 0 : begin, at))].length + 1;
  const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return refuse(name, 1 + linesIn(bytes, 0, at), `, column ${column}: the byte 0x${byte} is not UTF-8 (is it Windows-1252?); ${save}.`);
};

const separators: readonly (readonly [string, string])[] = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'bars'],
];

/** The first line names the columns, each once. */
const checkHead = (name: string, columns: readonly string[]) => {
  const [head = ''] = columns;
  const other = columns.length === 1 ? separators.find(([separator]) => head.includes(separator)) : undefined;
  if (other) refuse(name, 1, `: its columns are separated by ${other[1]}; save it with commas between columns and points in numbers.`);
  const twice = columns.find((column, n) => columns.indexOf(column) !== n);
  if (twice !== undefined) refuse(name, 1, `: there are two columns ${twice}.`);
};

/** `end`: how many bytes of the file are read then. */
interface Parsed {
  readonly record: readonly string[];
  readonly end: number;
}

/** What csv-parse says, as a sentence. */
const problemOf = ({ code, message }: CsvError): string => {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return ': a quotation mark is opened and never closed; the file may be cut off.';
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return ': a quotation mark stands in the middle of a value; write it twice, in a value within quotation marks.';
    default:
      return `: ${message}.`;
  }
};

const recordsOf = (name: string, bytes: Uint8Array): Parsed[] => {
  const records: Parsed[] = [];
  try {
    parse(bytes, {
      // The count of values is checked below, where the line is known at which a record begins.
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n'],
      on_record: (record: string[], { bytes: end }) => {
        records.push({ record, end });
        return null;
      },
    });
    return records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return refuse(name, typeof error.lines === 'number' ? error.lines : null, problemOf(error));
  }
};

/** Throws import.bad_file, which names file and line. */
export const parseCsv = (name: string, file: Uint8Array): CsvFile => {
  const bytes = readable(name, file);
  const [head, ...records] = recordsOf(name, bytes);
  if (!head) return refuse(name, null, ' is empty.');
  const columns = head.record.map((column) => column.trim());
  checkHead(name, columns);
  let [at, line] = [0, 1];
  const passTo = (end: number) => {
    line += linesIn(bytes, at, end);
    at = end;
  };
  passTo(head.end);
  const rows = records.map(({ record, end }) => {
    let begin = at;
    while (bytes[begin] === lineFeed || bytes[begin] === carriageReturn) begin += 1;
    passTo(begin);
    const row = { line, row: Object.fromEntries(columns.map((column, n) => [column, record[n] ?? ''])) };
    if (record.length !== columns.length) refuse(name, line, ` has ${record.length} values, but the file has ${columns.length} columns.`);
    passTo(end);
    return row;
  });
  return { name, columns, rows };
};

/** Throws import.bad_file for what cannot be read. */
export const readCsv = (file: string): CsvFile => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return refuse(file, null, ` cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return parseCsv(basename(file), bytes);
};
