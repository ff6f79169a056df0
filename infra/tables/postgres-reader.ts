// Read models in PostgreSQL, the side that reads: on the primary or on replicas, for anybody or for one seller. May stand behind PgBouncer.
import { DomainError } from '../../domain/error.ts';
import type { Postgres } from '../postgres.ts';
import type { ColumnValue, FoundRow, Group, TableReader, TableShape } from './port.ts';
import { clean, countStatement, findStatement, groupsStatement, type Place, type Statement, sumStatement } from './postgres-query.ts';
import { databaseOf, generationOf, generationsIn, sellerRole, sqlName, type TableDatabases } from './postgres-schema.ts';

/** A live table, and whether its rows belong to sellers. */
interface LivePlace extends Place {
  readonly database: Postgres;
  readonly isSellers: boolean;
}

const isUndefinedTable = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');

/** A cursor that was made up holds values that the column cannot. */
const isUnfit = (error: unknown) => error instanceof Error && 'code' in error && (error.code === '22P02' || error.code === '22003');

/** Live tables by their projections, looked up again when one of them has gone. */
const livePlaces = (databases: TableDatabases) => {
  let places: Promise<ReadonlyMap<string, LivePlace>> | null = null;
  const lookUp = async () => {
    const live = (await generationsIn(databases)).filter((row) => row.live);
    return new Map(
      live.map(({ projection, table, shape }): [string, LivePlace] => {
        const { columns } = JSON.parse(shape) as TableShape;
        return [projection, { table, columns, database: databaseOf(databases, table), isSellers: 'sellerId' in columns }];
      }),
    );
  };
  const forget = () => {
    places = null;
  };
  return {
    forget,
    async of(projection: string): Promise<LivePlace> {
      const known = (await places)?.get(projection);
      if (known) return known;
      const asked = lookUp();
      places = asked;
      asked.catch(() => {
        if (places === asked) forget();
      });
      const place = (await asked).get(projection);
      if (!place) throw new Error(`the read model ${projection} is not built yet`);
      return place;
    },
  };
};

/** Runs one statement of a query where its table stands. */
type Run = <R>(place: LivePlace, statement: Statement) => Promise<R[]>;

const plainly: Run = ({ database }, { text, values }) => database.query(text, values);

const forSeller =
  (sellerId: string): Run =>
  (place, { text, values }) => {
    if (!place.isSellers) return plainly(place, { text, values });
    return place.database.transaction(async (tx) => {
      // As SET LOCAL would, until the transaction ends.
      await tx.query(`SELECT set_config('role', '${sellerRole}', true), set_config('app.seller', $1, true)`, [sellerId]);
      return tx.query(text, values);
    });
  };

/**
 * `databases`: where rows are read; replicas, for readers of their own, with their own checkpoints, so that what is told of a position is true of
 * the rows. NOTE: they belong to whoever opened them; `close` leaves them open.
 */
export const openPostgresTableReader = (databases: TableDatabases): TableReader & { forget(): void } => {
  const places = livePlaces(databases);

  const readerWith = (run: Run): TableReader => {
    /** Runs a read; when its table has been swapped away meanwhile, looks up the new one and reads that. */
    const reading = async <R>(projection: string, statement: (place: Place) => Statement): Promise<R[]> => {
      const place = await places.of(projection);
      try {
        return await run<R>(place, statement(place));
      } catch (error) {
        if (!isUndefinedTable(error)) throw error;
        places.forget();
        const next = await places.of(projection);
        return run<R>(next, statement(next));
      }
    };
    const byKeys =
      (keys: readonly string[]) =>
      ({ table }: Place): Statement => ({
        text: `SELECT "key", "row" FROM ${sqlName(table)} WHERE "key" = ANY($1::text[]) AND NOT "gone"`,
        values: [keys.map(clean)],
      });
    return {
      async get(projection, key) {
        const [found] = await reading<{ row: string }>(projection, byKeys([key]));
        return found?.row ?? null;
      },
      async getMany(projection, keys) {
        const rows = await reading<{ key: string; row: string }>(projection, byKeys(keys));
        const found = new Map(rows.map(({ key, row }) => [key, row]));
        return new Map(keys.flatMap((key) => (found.has(key) ? [[key, found.get(key) ?? '']] : [])));
      },
      async find(projection, query) {
        try {
          const rows = await reading<Record<string, ColumnValue>>(projection, (place) => findStatement(place, query));
          const names = (query.order ?? []).map((_, n) => `o${n}`);
          return rows.map(
            (row): FoundRow => ({ key: String(row.key), row: String(row.row), order: names.map((name) => row[name] ?? null) }),
          );
        } catch (error) {
          if (query.after && isUnfit(error))
            throw new DomainError('request.bad_cursor', 'Take the cursor from the previous page, unchanged.');
          throw error;
        }
      },
      async count(projection, where) {
        const [row] = await reading<{ n: number }>(projection, (place) => countStatement(place, where));
        return row?.n ?? 0;
      },
      async sum(projection, column, where) {
        const [row] = await reading<{ n: string }>(projection, (place) => sumStatement(place, column, where));
        return Number(row?.n ?? 0);
      },
      async groups(projection, grouping) {
        const rows = await reading<Record<string, ColumnValue>>(projection, (place) => groupsStatement(place, grouping));
        return rows.map(
          (row): Group => ({ value: row.value ?? null, count: Number(row.n), sums: grouping.sums.map((_, n) => Number(row[`s${n}`])) }),
        );
      },
      generations: async () => (await generationsIn(databases)).map(generationOf),
      asSeller: (sellerId) => readerWith(forSeller(sellerId)),
      async close() {},
    };
  };
  return { ...readerWith(plainly), forget: places.forget };
};
