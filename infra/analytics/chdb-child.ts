// The process that holds chDB: it opens one session on the directory it is given and answers one request after the other.
import process from 'node:process';
import { largestResult } from './analysts.ts';
import type { ChildReply, ChildRequest } from './chdb-process.ts';

/** What is used of chDB. Its own types are not imported, since it need not be installed. */
interface Session {
  queryBindAsync(sql: string, params: object, options: { format: string }): Promise<{ bytes(): Uint8Array }>;
  insert(params: { table: string; columns: readonly string[]; values: Uint8Array; format: string; settings: object }): Promise<unknown>;
  close(): void;
}
interface Chdb {
  Session: new (directory: string) => Session;
}

const [engine = 'chdb', directory = '', memoryBytes = ''] = process.argv.slice(2);

const open = async (): Promise<Session> => {
  const chdb: Chdb = await import(engine);
  return new chdb.Session(directory);
};

const answer = async (session: Session, request: ChildRequest): Promise<Uint8Array> => {
  if (request.kind === 'query') {
    const bytes = (await session.queryBindAsync(request.sql, request.params, { format: request.format })).bytes();
    // The engine counts what it holds; written out it can be much more, and the parent need not hold it as well.
    if (bytes.length > largestResult) throw new Error('Code: 396. The answer has too many bytes. (TOO_MANY_ROWS_OR_BYTES)');
    return bytes;
  }
  const { table, columns, values } = request;
  // Instants come as RFC 3339; everything else is plain.
  await session.insert({ table, columns, values, format: 'JSONCompactEachRow', settings: { date_time_input_format: 'best_effort' } });
  return new Uint8Array();
};

/**
 * NOTE: what a query had written when it failed, chDB 3.4.0 puts in front of the next query's answer: somebody else's rows. So the answer of a
 * query that everybody knows is read until it comes alone; should it not, this process ends and a fresh one is started.
 */
const discardLeftovers = async (session: Session) => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const bytes = (await session.queryBindAsync('SELECT 1', {}, { format: 'TSVRaw' })).bytes();
    if (Buffer.from(bytes).toString() === '1\n') return;
  }
  process.exit(1);
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const reply = (message: ChildReply) => process.send?.(message);

const session = open().catch((error: unknown) => {
  reply({ kind: 'unavailable', message: messageOf(error) });
  return null;
});
let turn: Promise<unknown> = session;

process.on('message', (request: ChildRequest) => {
  turn = turn.then(async () => {
    const opened = await session;
    if (opened === null) return;
    try {
      const bytes = await answer(opened, request);
      reply({ kind: 'done', id: request.id, bytes, memory: process.memoryUsage.rss() });
    } catch (error) {
      await discardLeftovers(opened);
      reply({ kind: 'failed', id: request.id, message: messageOf(error), memory: process.memoryUsage.rss() });
    }
  });
});

// The engine works in threads of its own, so that this turns meanwhile. It ends with the process.
setInterval(() => {
  if (process.memoryUsage.rss() > Number(memoryBytes)) reply({ kind: 'too_large' });
}, 20).unref();

/** The parent has gone or wants no more: finish what runs, close, end. */
process.on('disconnect', async () => {
  await turn;
  (await session)?.close();
  process.exit(0);
});
// A stop of the whole group is the parent's to handle: it disconnects when its own work is done.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
