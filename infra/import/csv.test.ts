// Files as people really save them: what can be read exactly is, what cannot is refused with file, line and column.
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const refusal = (file: Uint8Array) => {
  try {
    parseCsv('orders.csv', file);
    return 'taken';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
};

describe('a file', () => {
  it('gives its rows by column, each with the line at which it begins', () =>
    expect(parseCsv('orders.csv', bytes('a,b\r\n1,"x\r\ny"\r\n\r\n2,"q\nz"\n3,São\n'))).toEqual({
      name: 'orders.csv',
      columns: ['a', 'b'],
      rows: [
        { line: 2, row: { a: '1', b: 'x\r\ny' } },
        { line: 5, row: { a: '2', b: 'q\nz' } },
        { line: 7, row: { a: '3', b: 'São' } },
      ],
    }));
  it('may begin with the mark of UTF-8, and end without a line feed', () =>
    expect(parseCsv('x.csv', bytes('\uFEFFa,b\n1,2')).rows).toEqual([{ line: 2, row: { a: '1', b: '2' } }]));
  it.each([
    [
      Buffer.from('a,b\n1,S\xe3o\n', 'latin1'),
      'orders.csv, line 2, column 4: the byte 0xE3 is not UTF-8 (is it Windows-1252?); save the file as UTF-8.',
    ],
    [Buffer.from('a,b\n1,\x80\n', 'latin1'), 'orders.csv, line 2, column 3: the byte 0x80'],
    [Buffer.concat([bytes('a,b\nã,'), Buffer.from([0xc3])]), 'orders.csv, line 2, column 3: the byte 0xC3'],
    [Buffer.from([0xed, 0xa0, 0x80]), 'orders.csv, line 1, column 1: the byte 0xED'],
    [Buffer.from([0xf5, 0x80]), 'orders.csv, line 1, column 1: the byte 0xF5'],
    [Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'), 'orders.csv, line 1 is written in UTF-16; save the file as UTF-8.'],
    [Buffer.from('a,b\n1,2\n', 'utf16le'), 'orders.csv, line 1 holds a byte 0, as UTF-16 does; save the file as UTF-8.'],
    [Buffer.alloc(0), 'orders.csv is empty.'],
    [bytes('\uFEFF'), 'orders.csv is empty.'],
    [bytes('\n\n'), 'orders.csv is empty.'],
    [
      bytes('a;b\n1;2,5\n'),
      'orders.csv, line 1: its columns are separated by semicolons; save it with commas between columns and points in numbers.',
    ],
    [bytes('a\tb\n1\t2\n'), 'orders.csv, line 1: its columns are separated by tabs'],
    [bytes('a,b,a\n1,2,3\n'), 'orders.csv, line 1: there are two columns a.'],
    [bytes('a,b\n1,2\n\n3\n'), 'orders.csv, line 4 has 1 values, but the file has 2 columns.'],
    [bytes('a,b\n1,"2\n3,4\n'), 'a quotation mark is opened and never closed'],
    [bytes('a,b\n1,2"3\n'), 'orders.csv, line 2: a quotation mark stands in the middle of a value'],
  ])('that cannot be read exactly is refused, with where and why: %#', (file, message) => expect(refusal(file)).toContain(message));
});
