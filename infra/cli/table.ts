// Rows as a table for people: columns as wide as their widest value, numbers to the right.

export type Cell = string | number | boolean | null | undefined;

const shown = (cell: Cell): string => (cell === null || cell === undefined ? '-' : String(cell));

/** Lines of text with a head; `columns` names what is shown, in order. */
export const table = (columns: readonly string[], rows: readonly Readonly<Record<string, Cell>>[]): string => {
  if (rows.length === 0) return 'none';
  const cells = rows.map((row) => columns.map((column) => shown(row[column])));
  const widths = columns.map((column, n) => Math.max(column.length, ...cells.map((line) => line[n]?.length ?? 0)));
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] === 'number'));
  const line = (values: readonly string[]) =>
    values
      .map((value, n) => (numeric[n] ? value.padStart(widths[n] ?? 0) : value.padEnd(widths[n] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(columns), ...cells.map(line)].join('\n');
};
