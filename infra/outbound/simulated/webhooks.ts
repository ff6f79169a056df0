// A provider's outgoing webhooks: written in the act's own transaction, sent signed, again and again until the receiver answers 2xx.
import type { DatabaseSync } from 'node:sqlite';
import { isDiskFault } from '../../sqlite.ts';
import { jsonPoster } from '../json-client.ts';
import { sign, signatureHeader } from '../signature.ts';
import type { NoticeBehaviour } from '../simulation.ts';
import type { ProviderStore } from './store.ts';

/**
 * `waits_for` keeps notices in (or out of) order: the id of a notice that has to be delivered before, or `next:<subject>` while that one does
 * not exist yet. A waiting row still has a due time, so that nothing waits for ever.
 */
export const webhookSchema = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, body TEXT NOT NULL, due_at INTEGER NOT NULL,
    copies INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, waits_for TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at, seq);
  CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (waits_for) WHERE waits_for IS NOT NULL;
`;

const longestWaitMs = 10_000;
const longestBackOffMs = 30_000;
const timeoutMs = 10_000;
/** Sent at the same time; more would only queue up in a receiver that shares this machine. */
const maxInFlight = 16;
const pageSize = 256;

type Row = {
  seq: number;
  event_id: string;
  body: string;
  copies: number;
  attempts: number;
};

export interface Webhooks {
  /** Inside the act's transaction: queues the notices of one act about `subject`, in the order in which they happened. */
  enqueue(subject: string, notices: readonly { eventId: string }[], behaviour: NoticeBehaviour): void;
  /** After the commit: sends what is due. */
  wake(): void;
  /** Sends to `url` from now on; null keeps everything waiting. */
  deliverTo(url: string | null): void;
  undelivered(): number;
  close(): Promise<void>;
}

export interface WebhookOptions {
  readonly url: string | null;
  readonly secret: string;
  /** Milliseconds since the epoch; only stamps signatures. Delays and back-off run on real time. */
  readonly clock: () => number;
  /** The first pause after a failed delivery; doubles up to 30 s. */
  readonly retryMs: number;
}

const statements = (db: DatabaseSync) => ({
  insert: db.prepare('INSERT INTO outbox (event_id, body, due_at, copies, waits_for) VALUES (?, ?, ?, ?, ?)'),
  resolveNext: db.prepare('UPDATE outbox SET waits_for = ? WHERE waits_for = ?'),
  due: db.prepare('SELECT seq, event_id, body, copies, attempts FROM outbox WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?'),
  nextDue: db.prepare('SELECT min(due_at) AS due FROM outbox WHERE due_at > ?'),
  remove: db.prepare('DELETE FROM outbox WHERE seq = ?'),
  sentCopy: db.prepare('UPDATE outbox SET copies = copies - 1 WHERE seq = ?'),
  failed: db.prepare('UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE seq = ?'),
  free: db.prepare('UPDATE outbox SET waits_for = NULL, due_at = min(due_at, ?) WHERE waits_for = ?'),
  // A restart begins anew with what had failed; what was only told to be late stays late.
  retryNow: db.prepare('UPDATE outbox SET due_at = min(due_at, ?) WHERE attempts > 0'),
  count: db.prepare('SELECT count(*) AS n FROM outbox'),
});

export const openWebhooks = (store: ProviderStore, options: WebhookOptions): Webhooks => {
  const sql = statements(store.db);
  const connect = (url: string | null) => (url === null ? null : jsonPoster(url, timeoutMs, maxInFlight));
  let poster = connect(options.url);
  let ready: Row[] = [];
  /** Rows in `ready` or on their way, so that a page read again does not send them twice. */
  const taken = new Set<number>();
  let finished: { row: Row; delivered: boolean }[] = [];
  const sending = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let scheduled = false;
  let closed = false;

  const deliver = async (row: Row, to: NonNullable<typeof poster>): Promise<void> => {
    const delivered = await to
      .post(row.body, { [signatureHeader]: sign(options.secret, row.body, options.clock()) })
      .then(({ status }) => status >= 200 && status < 300)
      .catch(() => false);
    finished.push({ row, delivered });
  };

  const record = ({ row, delivered }: { row: Row; delivered: boolean }) => {
    if (!delivered) {
      sql.failed.run(Date.now() + Math.min(options.retryMs * 2 ** Math.min(row.attempts, 16), longestBackOffMs), row.seq);
    } else if (row.copies > 0) {
      sql.sentCopy.run(row.seq);
    } else {
      sql.remove.run(row.seq);
      sql.free.run(Date.now(), row.event_id);
    }
  };

  /**
   * What ended since the last turn, in one commit. A kill before it sends those again: receivers expect repeats. False while the disk takes no
   * write: then it stays to be recorded.
   */
  const recordFinished = (): boolean => {
    const ended = finished;
    if (ended.length === 0) return true;
    try {
      store.transaction(() => ended.forEach(record));
    } catch (error) {
      if (isDiskFault(error)) return false;
      throw error;
    }
    finished = [];
    for (const { row } of ended) taken.delete(row.seq);
    return true;
  };

  const refill = (now: number) => {
    const page = sql.due.all(now, pageSize + taken.size) as Row[];
    ready = page.filter((row) => !taken.has(row.seq));
    for (const row of ready) taken.add(row.seq);
  };

  const wakeIn = (milliseconds: number) => {
    clearTimeout(timer);
    timer = setTimeout(wake, milliseconds);
    timer.unref();
  };

  /** `now` is that of the refill that found nothing, so that no row falls due between the two questions unseen. */
  const sleepUntilNextDue = (now: number) => {
    const { due } = sql.nextDue.get(now) as { due: number | null };
    if (due === null) clearTimeout(timer);
    else wakeIn(Math.max(1, due - Date.now()));
  };

  const pump = () => {
    scheduled = false;
    if (closed) return;
    if (!recordFinished()) return wakeIn(options.retryMs);
    if (poster === null) return;
    while (sending.size < maxInFlight) {
      const now = Date.now();
      if (ready.length === 0) refill(now);
      const row = ready.shift();
      if (row === undefined) return sleepUntilNextDue(now);
      const delivery: Promise<void> = deliver(row, poster).finally(() => {
        sending.delete(delivery);
        wake();
      });
      sending.add(delivery);
    }
  };

  /** Once per turn of the loop, however many acts ask for it. */
  const wake = () => {
    if (scheduled || closed) return;
    scheduled = true;
    setImmediate(pump);
  };

  sql.retryNow.run(Date.now());
  wake();

  return {
    enqueue: (subject, notices, behaviour) => {
      if (behaviour.drop || notices.length === 0) return;
      const now = Date.now();
      const dueAt = now + (behaviour.delayMs ?? 0);
      const inOrder = behaviour.outOfOrder ? [...notices].reverse() : notices;
      const next = `next:${subject}`;
      // A notice held back by an earlier act follows the last one of this act.
      const last = inOrder.at(-1);
      if (last) sql.resolveNext.run(last.eventId, next);
      let before = behaviour.outOfOrder && notices.length === 1 ? next : null;
      for (const notice of inOrder) {
        const due = before === null ? dueAt : dueAt + longestWaitMs;
        sql.insert.run(notice.eventId, JSON.stringify(notice), due, behaviour.duplicates ?? 0, before);
        before = notice.eventId;
      }
    },
    wake,
    deliverTo: (url) => {
      poster?.close();
      poster = connect(url);
      wake();
    },
    undelivered: () => {
      recordFinished();
      return (sql.count.get() as { n: number }).n;
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      poster?.close();
      await Promise.allSettled(sending);
      recordFinished();
    },
  };
};
