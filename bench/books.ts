// What a run has left in the log, counted from outside.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { defaultLocation } from '../domain/location.ts';
import { stockId } from '../domain/stock/stock.ts';
import type { SeededProduct } from './stage.ts';

/** What one purchase costs the log, its carts included. */
export interface Booked {
  readonly events: number;
  readonly appends: number;
}

const openLogFile = (dataDir: string) => new DatabaseSync(join(dataDir, 'log.db'), { readOnly: true });

/** Events, and commands that appended any, of the streams that purchases write, per confirmed checkout. */
export const bookedFor = (dataDir: string): Booked => {
  const database = openLogFile(dataDir);
  const first = Number(
    database.prepare("SELECT min(e.position) AS first FROM events e JOIN types t ON t.id = e.type WHERE t.name = 'cart.line_added'").get()
      ?.first,
  );
  const { events, appends } = database
    .prepare(
      `SELECT count(*) AS events, count(DISTINCT stream || json_extract(metadata, '$.commandId')) AS appends FROM events WHERE position >= ?`,
    )
    .get(first)!;
  const checkouts = Number(
    database.prepare("SELECT count(*) AS n FROM events e JOIN types t ON t.id = e.type WHERE t.name = 'checkout.confirmed'").get()?.n,
  );
  database.close();
  return { events: Number(events) / checkouts, appends: Number(appends) / checkouts };
};

/** Holds that were placed on an article. */
export const hotHolds = (dataDir: string, { variantId }: SeededProduct): number => {
  const database = openLogFile(dataDir);
  const row = database
    .prepare(
      `SELECT count(*) AS n FROM events e JOIN types t ON t.id = e.type
       WHERE t.name = 'stock.held' AND e.stream = (SELECT id FROM streams WHERE name = ?)`,
    )
    .get(`stock-${stockId(variantId, defaultLocation)}`);
  database.close();
  return Number(row?.n);
};
