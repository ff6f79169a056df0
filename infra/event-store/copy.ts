// Carries a log from one engine to another, event by event in log order, and proves afterwards that both hold the same bytes.
import type { Raw, RawLog, RawTarget } from './raw.ts';
import { createChecker, type Fault } from './verify.ts';

export interface CopyOptions {
  /** Nobody may append to it meanwhile: what comes later is not carried. */
  readonly from: RawLog;
  readonly to: RawTarget;
  /** How far, in positions of the log that is copied. */
  readonly onProgress?: (phase: 'look' | 'copy' | 'prove', done: number, all: number) => void;
  /** Ends it between two pages; the next run goes on from there. */
  readonly signal?: AbortSignal;
}

export interface Copied {
  /** Events that were there already, from a run before. */
  readonly found: number;
  readonly copied: number;
  /** Of both logs, when all is well. */
  readonly events: number;
  readonly streams: number;
  /** What is not the same on both sides, or does not fit the chain of hashes. */
  readonly faults: readonly Fault[];
}

/** The target holds something that the log to be copied does not: it is left as it is. */
export class NotACopy extends Error {
  override readonly name = 'NotACopy';
}

const pageSize = 1_000;
/** More faults than these say nothing new. */
const mostFaults = 100;

/** The events of a log in order; the next page is on its way while one is worked on. */
async function* pagesOf(log: RawLog, after = 0): AsyncGenerator<readonly Raw[]> {
  let next = log.readAll(after, pageSize);
  for (;;) {
    const page = await next;
    const last = page[page.length - 1];
    if (!last) return;
    next = log.readAll(last.position, pageSize);
    next.catch(() => {}); // whoever takes the page hears of it
    yield page;
  }
}

/** Two logs side by side: each event with what stands at its place on the other side, or null beyond its end. */
async function* sideBySide(left: RawLog, right: RawLog): AsyncGenerator<readonly [Raw | null, Raw | null]> {
  const [lefts, rights] = [pagesOf(left), pagesOf(right)];
  for (let [a, b, i, j]: [readonly Raw[], readonly Raw[], number, number] = [[], [], 0, 0]; ; i += 1, j += 1) {
    if (i === a.length) [a, i] = [(await lefts.next()).value ?? [], 0];
    if (j === b.length) [b, j] = [(await rights.next()).value ?? [], 0];
    if (a.length === 0 && b.length === 0) return;
    yield [a[i] ?? null, b[j] ?? null];
  }
}

const fields = ['streamId', 'revision', 'type', 'metadata', 'data', 'hash'] as const;

/** What differs between an event and its copy; null: nothing. */
const difference = (original: Raw, copy: Raw): string | null => {
  const field = fields.find((name) => original[name] !== copy[name]);
  if (!field) return null;
  return field === 'streamId' || field === 'revision'
    ? `in its place stands ${copy.streamId}@${copy.revision}`
    : `its ${field} is not the same`;
};

/** How much of the log the target holds already. Throws NotACopy where it holds anything else. */
const findEnd = async ({ from, to, onProgress = () => {}, signal }: CopyOptions): Promise<{ found: number; position: number }> => {
  let [found, position] = [0, 0];
  if ((await to.head()) === 0) return { found, position };
  const all = await from.head();
  for await (const [original, copy] of sideBySide(from, to)) {
    if (!copy) break;
    if (!original) throw new NotACopy(`${to.name} goes on after the end of ${from.name}, with ${copy.streamId}@${copy.revision}`);
    const differs = difference(original, copy);
    if (differs) throw new NotACopy(`${to.name} holds something else: ${original.streamId}@${original.revision}: ${differs}`);
    found += 1;
    position = original.position;
    if (found % pageSize === 0) {
      signal?.throwIfAborted();
      onProgress('look', position, all);
    }
  }
  return { found, position };
};

/** Compares all of two logs, and the chain of hashes of the copy. */
export const proveCopy = async ({ from, to, onProgress = () => {}, signal }: CopyOptions): Promise<Omit<Copied, 'found' | 'copied'>> => {
  const checker = createChecker({ streamByStream: false });
  const faults: Fault[] = [];
  const all = await from.head();
  let events = 0;
  for await (const [original, copy] of sideBySide(from, to)) {
    const { streamId, revision, position } = (original ?? copy) as Raw;
    const reason = !copy ? 'is missing' : !original ? 'is not in the original' : difference(original, copy);
    if (reason !== null) faults.push({ streamId, revision, reason });
    if (copy) checker.take(copy);
    events += 1;
    if (faults.length >= mostFaults) break;
    if (events % pageSize === 0) {
      signal?.throwIfAborted();
      onProgress('prove', original ? position : all, all);
    }
  }
  onProgress('prove', all, all);
  const chain = checker.result();
  return { events: chain.events, streams: chain.streams, faults: [...faults, ...chain.faults].slice(0, mostFaults) };
};

/** Carries what the target does not hold yet, then proves that both are equal. Throws NotACopy; the reason of `signal`. */
export const copyEvents = async (options: CopyOptions): Promise<Copied> => {
  const { from, to, onProgress = () => {}, signal } = options;
  const { found, position } = await findEnd(options);
  const all = await from.head();
  let copied = 0;
  for await (const page of pagesOf(from, position)) {
    signal?.throwIfAborted();
    await to.append(page);
    copied += page.length;
    onProgress('copy', page[page.length - 1]?.position ?? all, all);
  }
  return { found, copied, ...(await proveCopy(options)) };
};
