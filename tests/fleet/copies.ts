// What a fleet keeps beside its log, to be held against it: rows, search documents, facts of analytics, topics.
import { Client as Elasticsearch } from '@elastic/elasticsearch';
import type { Recorded } from '../../domain/metadata.ts';
import { publicMessages } from '../../domain/public-messages.ts';
import { publish } from '../../domain/publish.ts';
import { databaseOf, factTables } from '../../infra/analytics/schema.ts';
import { logTopic, publicTopic } from '../../infra/event-feed/kafka-topics.ts';
import { openPostgres } from '../../infra/postgres.ts';
import { namesOf } from '../../infra/search/elasticsearch-client.ts';
import { checkpointId } from '../../infra/search/elasticsearch-mapping.ts';
import { bookkeeping, sqlName } from '../../infra/tables/postgres-schema.ts';
import { type CopiedRecord, records } from '../engines/kafka.ts';
import { needed } from '../engines/needed.ts';
import { type Ground, partitions } from './fleet.ts';

/** By what it is and its key, as text. */
export type Copy = ReadonlyMap<string, string>;

/** The live rows of every read model, each with its position; `withWriter`: and with the transaction that wrote it, which tells a row written anew. */
export const rowsOf = async ({ env: { DATABASE_URL = '' } }: Ground, { withWriter = false } = {}): Promise<Copy> => {
  const postgres = openPostgres(DATABASE_URL, { max: 1 });
  const { generations } = bookkeeping('');
  const rows = new Map<string, string>();
  const live = await postgres.query<{ projection: string; table: string }>(`SELECT projection, "table" FROM ${generations} WHERE live`);
  for (const { projection, table } of live) {
    const found = await postgres.query<{ key: string; position: number; row: string | null; writer: string }>(
      `SELECT key, position, row, ${withWriter ? 'xmin::text' : "''"} AS writer FROM ${sqlName(table)}`,
    );
    for (const { key, position, row, writer } of found) rows.set(`${projection} ${key}`, `${position} ${row} ${writer}`);
  }
  await postgres.close();
  return rows;
};

/** How far each read model says that it has come. */
export const checkpointsOf = async ({ env: { DATABASE_URL = '' } }: Ground): Promise<{ projection: string; position: number }[]> => {
  const postgres = openPostgres(DATABASE_URL, { max: 1 });
  const { generations } = bookkeeping('');
  const found = await postgres.query<{ projection: string; position: number }>(
    `SELECT projection, position FROM ${generations} WHERE live UNION ALL SELECT name, position FROM log.checkpoints`,
  );
  await postgres.close();
  return found;
};

/** Every product that can be searched for. */
export const documentsOf = async ({ namespace }: Ground): Promise<Copy> => {
  const client = new Elasticsearch({ node: needed('ELASTICSEARCH_URL') });
  const index = namesOf(namespace).live;
  await client.indices.refresh({ index });
  const { hits } = await client.search({ index, size: 10_000, query: { bool: { must_not: { ids: { values: [checkpointId] } } } } });
  await client.close();
  return new Map(hits.hits.map(({ _id, _source }) => [String(_id), JSON.stringify(_source)]));
};

const tell = async (sql: string): Promise<string> => {
  const answer = await fetch(needed('CLICKHOUSE_URL'), { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
};

const clickhouse = async <Row>(sql: string): Promise<Row[]> => {
  const text = await tell(`${sql} FORMAT JSONEachRow`);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
};

/** The facts that reports are made of. */
export const factsOf = async ({ namespace }: Ground): Promise<Copy> => {
  const prefix = `${namespace}_facts`;
  const [live] = await clickhouse<{ build: number }>(`SELECT build FROM \`${prefix}\`.live ORDER BY version DESC LIMIT 1`);
  const facts = new Map<string, string>();
  for (const table of factTables) {
    const from = `\`${databaseOf(live?.build ?? 0, prefix)}\`.${table}`;
    for (const row of await clickhouse<{ event_id: string; line: number }>(`SELECT * FROM ${from} FINAL`)) {
      facts.set(`${table} ${row.event_id} ${row.line}`, JSON.stringify(row));
    }
  }
  return facts;
};

/**
 * Makes all of it wrong behind everybody's back, so that it is known again wherever it is shown: a text becomes another in rows and documents,
 * and a sale is told twice.
 */
export const spoil = async ({ env: { DATABASE_URL = '' }, namespace }: Ground, text: string, other: string): Promise<void> => {
  const postgres = openPostgres(DATABASE_URL, { max: 1 });
  const live = await postgres.query<{ table: string }>(`SELECT "table" FROM ${bookkeeping('').generations} WHERE live`);
  for (const { table } of live) await postgres.query(`UPDATE ${sqlName(table)} SET row = replace(row, $1, $2)`, [text, other]);
  await postgres.close();

  const client = new Elasticsearch({ node: needed('ELASTICSEARCH_URL') });
  const index = namesOf(namespace).live;
  const { hits } = await client.search({ index, size: 10_000, query: { bool: { must_not: { ids: { values: [checkpointId] } } } } });
  for (const { _id = '', _source } of hits.hits) {
    await client.index({ index, id: _id, document: JSON.parse(JSON.stringify(_source).replaceAll(text, other)) });
  }
  await client.close();

  const prefix = `${namespace}_facts`;
  const [{ build } = { build: 0 }] = await clickhouse<{ build: number }>(
    `SELECT build FROM \`${prefix}\`.live ORDER BY version DESC LIMIT 1`,
  );
  const sales = `\`${databaseOf(build, prefix)}\`.order_lines`;
  await tell(`INSERT INTO ${sales} SELECT * REPLACE (line + 1000 AS line) FROM ${sales} FINAL WHERE kind = 'sale'`);
};

/** What two copies do not have in common, at most a few of it. */
export const differences = (one: Copy, other: Copy): string[] => {
  const keys = new Set([...one.keys(), ...other.keys()]);
  const different = [...keys].filter((key) => one.get(key) !== other.get(key));
  return different.slice(0, 10).map((key) => `${key}: ${one.get(key)} and ${other.get(key)}`);
};

/** What a reader of the feed keeps: records whose position goes beyond the last one. */
const kept = (all: readonly CopiedRecord[]): CopiedRecord[] => {
  const rising: CopiedRecord[] = [];
  for (const record of all) if (record.position > (rising.at(-1)?.position ?? 0)) rising.push(record);
  return rising;
};

const placeOf = ({ metadata, position, streamId, revision }: Recorded) => `${position} ${metadata.eventId} ${streamId}@${revision}`;

/** I8: the feed is the log in its order, once what came twice is left out. Answers what is wrong, and how much came twice. */
export const feedFaults = async (namespace: string, log: readonly Recorded[]): Promise<{ faults: string[]; repeats: number }> => {
  const all = await records(logTopic(namespace));
  const feed = kept(all).map(({ position, eventId, key, revision }) => `${position} ${eventId} ${key}@${revision}`);
  const wanted = log.map(placeOf);
  const faults = wanted.flatMap((place, n) => (feed[n] === place ? [] : [`${place} in the log is ${feed[n]} in the feed`]));
  if (feed.length !== wanted.length) faults.push(`${wanted.length} in the log are ${feed.length} in the feed`);
  return { faults: faults.slice(0, 10), repeats: all.length - feed.length };
};

/** The first of each event, in the order in which they came. */
const once = (all: readonly CopiedRecord[]): CopiedRecord[] => {
  const seen = new Set<string>();
  return all.filter(({ eventId }) => !seen.has(eventId) && seen.add(eventId));
};

const push = (map: Map<string, string[]>, key: string, value: string) => {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
};

/** Every public topic has, for each key, what the log says of it, in its order and without a gap. */
export const topicFaults = async (
  namespace: string,
  logId: string,
  log: readonly Recorded[],
): Promise<{ faults: string[]; repeats: number; values: string[] }> => {
  const [wanted, found] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const recorded of log) {
    const message = publish(recorded, logId);
    if (message) push(wanted, `${message.type} ${message.key}`, message.value);
  }
  let repeats = 0;
  const values: string[] = [];
  for (const type of Object.keys(publicMessages)) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const all = await records(publicTopic(namespace, type), partition);
      const first = once(all);
      repeats += all.length - first.length;
      for (const { key, value } of first) push(found, `${type} ${key}`, value);
      values.push(...all.map(({ value, headers }) => value + JSON.stringify(headers)));
    }
  }
  const texts = (map: ReadonlyMap<string, readonly string[]>) => new Map([...map].map(([key, each]) => [key, each.join('\n')]));
  return { faults: differences(texts(wanted), texts(found)), repeats, values };
};
