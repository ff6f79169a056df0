// Queries over rows of read models in the words of PostgreSQL. They order as the embedded engine does: by bytes, null before every value.
import type { ColumnValue, Condition, Grouping, Query, TableShape } from './port.ts';
import { quoted, sqlName } from './postgres-schema.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Where a query looks. */
export interface Place {
  readonly table: string;
  readonly columns: TableShape['columns'];
}

/** A text without the one character that PostgreSQL cannot keep. */
export const clean = (value: ColumnValue): ColumnValue =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;

/** Values of a statement, each answered by its place in the text. */
const parameters = () => {
  const values: unknown[] = [];
  return { values, add: (value: unknown) => `$${values.push(value)}` };
};
type Add = ReturnType<typeof parameters>['add'];

export const sqlType = (columns: TableShape['columns'], column: string) =>
  column === 'position' || columns[column] === 'integer' ? 'bigint' : 'text';

const conditionOf = (place: Place, column: string, wanted: Condition, add: Add): string => {
  const name = quoted(column);
  if (wanted === null) return `${name} IS NULL`;
  if (typeof wanted !== 'object') return `${name} = ${add(clean(wanted))}`;
  if ('in' in wanted) return `${name} = ANY(${add(wanted.in.map(clean))}::${sqlType(place.columns, column)}[])`;
  const parts: string[] = [];
  if (wanted.from !== undefined) parts.push(`${name} >= ${add(clean(wanted.from))}`);
  if (wanted.below !== undefined) parts.push(`${name} < ${add(clean(wanted.below))}`);
  return parts.join(' AND ') || 'true';
};

const whereOf = (place: Place, where: Query['where'] = {}, add: Add): string =>
  ['NOT "gone"', ...Object.entries(where).map(([column, wanted]) => conditionOf(place, column, wanted, add))].join(' AND ');

type Direction = 'asc' | 'desc';

const orderBy = (names: readonly string[], directions: readonly Direction[]): string =>
  names.map((name, n) => `${name} ${directions[n] === 'desc' ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`).join(', ');

/** What lies beyond a value in one column, in order: what is greater (or less), then nothing at all where that comes last. */
const beyond = (name: string, direction: Direction, value: ColumnValue, add: Add): string[] => {
  if (value === null) return [`${name} IS NOT NULL`];
  if (direction === 'asc') return [`${name} > ${add(clean(value))}`];
  const less = `${name} < ${add(clean(value))}`;
  return name === '"key"' || name === '"position"' ? [less] : [less, `${name} IS NULL`];
};

/**
 * Where to look for what comes after (a, b, key), stretch by stretch: equal a and b and a greater key, then equal a and a greater b, then a
 * greater a. Each is one range of an index, while the whole of it would be none.
 */
const stretchesOf = (names: readonly string[], directions: readonly Direction[], values: readonly ColumnValue[], add: Add): string[] =>
  names
    .map((name, at) => {
      const [value = null, direction = 'asc'] = [values[at], directions[at]];
      if (value === null && direction === 'desc') return [];
      const equal = names.slice(0, at).map((before, n) => {
        const same = values[n] ?? null;
        return same === null ? `${before} IS NULL` : `${before} = ${add(clean(same))}`;
      });
      return beyond(name, direction, value, add).map((condition) => [...equal, condition].join(' AND '));
    })
    .toReversed()
    .flat();

/** Rows come as key, row, o0, o1 …: the values of the order's columns. */
export const findStatement = (place: Place, { where, order = [], after, limit }: Query): Statement => {
  const { values, add } = parameters();
  const last = order[order.length - 1]?.[1] ?? 'asc';
  const directions = [...order.map(([, direction]) => direction), last];
  const names = [...order.map(([column]) => quoted(column)), '"key"'];
  const fields = ['"key"', '"row"', ...order.map(([column], n) => `${quoted(column)} AS o${n}`)].join(', ');
  const from = `FROM ${sqlName(place.table)} WHERE ${whereOf(place, where, add)}`;
  const most = `ORDER BY ${orderBy(names, directions)} LIMIT ${add(limit)}`;
  if (!after) return { text: `SELECT ${fields} ${from} ${most}`, values };
  const stretches = stretchesOf(names, directions, [...after.values, after.key], add);
  const each = stretches.map((condition, n) => `(SELECT ${fields}, ${n} AS stretch ${from} AND ${condition} ${most})`);
  const ordered = orderBy(['stretch', ...order.map((_, n) => `o${n}`), '"key"'], ['asc', ...directions]);
  return { text: `SELECT * FROM (${each.join(' UNION ALL ')}) AS page ORDER BY ${ordered} LIMIT ${add(limit)}`, values };
};

export const countStatement = (place: Place, where: Query['where']): Statement => {
  const { values, add } = parameters();
  return { text: `SELECT count(*) AS n FROM ${sqlName(place.table)} WHERE ${whereOf(place, where, add)}`, values };
};

/** As text, since a sum of int8 may be larger than an int8. */
const sumOf = (column: string) => `coalesce(sum(${quoted(column)}), 0)::text`;

export const sumStatement = (place: Place, column: string, where: Query['where']): Statement => {
  const { values, add } = parameters();
  return { text: `SELECT ${sumOf(column)} AS n FROM ${sqlName(place.table)} WHERE ${whereOf(place, where, add)}`, values };
};

/** Groups come as value, n, s0, s1 …: the sums. */
export const groupsStatement = (place: Place, { by, sums, where, after, limit }: Grouping): Statement => {
  const { values, add } = parameters();
  const fields = [`${quoted(by)} AS value`, 'count(*) AS n', ...sums.map((column, n) => `${sumOf(column)} AS s${n}`)].join(', ');
  const beyondAfter = after === undefined ? '' : ` AND ${quoted(by)} > ${add(clean(after))}`;
  const from = `FROM ${sqlName(place.table)} WHERE ${whereOf(place, where, add)}${beyondAfter}`;
  return { text: `SELECT ${fields} ${from} GROUP BY ${quoted(by)} ORDER BY ${quoted(by)} ASC NULLS FIRST LIMIT ${add(limit)}`, values };
};
