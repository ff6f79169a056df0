// Makes the rows of a table at one place those of another, and proves that they are.
import type { Row, Rows } from './rows.ts';

export interface CopyRowsOptions {
  readonly from: Rows;
  readonly to: Rows;
  /** How many rows were looked at. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

const pageSize = 1_000;

async function* eachOf(rows: Rows): AsyncGenerator<Row> {
  for (let after = ''; ; ) {
    const page = await rows.page(after, pageSize);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    after = last.key;
  }
}

const same = (a: Row, b: Row) => JSON.stringify(a.values) === JSON.stringify(b.values);

/** Both sides in the order of their keys: each key with what stands on either side. */
async function* sideBySide({
  from,
  to,
  signal,
  onProgress = () => {},
}: CopyRowsOptions): AsyncGenerator<readonly [Row | null, Row | null]> {
  const [lefts, rights] = [eachOf(from), eachOf(to)];
  const next = async (rows: AsyncGenerator<Row>): Promise<Row | null> => (await rows.next()).value ?? null;
  let [left, right] = [await next(lefts), await next(rights)];
  for (let done = 1; left || right; done += 1) {
    if (done % pageSize === 0) {
      signal?.throwIfAborted();
      onProgress(done);
    }
    // NOTE: both engines sort by bytes, and keys are ASCII.
    const [hasLeft, hasRight] = [left !== null && (!right || left.key <= right.key), right !== null && (!left || right.key <= left.key)];
    yield [hasLeft ? left : null, hasRight ? right : null];
    if (hasLeft) left = await next(lefts);
    if (hasRight) right = await next(rights);
  }
}

/** Takes away what is too much, then puts in what is missing or another: a value that may be there once only is free by then. */
export const copyRows = async (options: CopyRowsOptions): Promise<void> => {
  const { to } = options;
  let tooMany: string[] = [];
  for await (const [left, right] of sideBySide(options)) {
    if (!left && right) tooMany.push(right.key);
    if (tooMany.length < pageSize) continue;
    await to.replace(tooMany, []);
    tooMany = [];
  }
  if (tooMany.length > 0) await to.replace(tooMany, []);
  let missing: Row[] = [];
  const put = async () => {
    await to.replace(
      missing.map(({ key }) => key),
      missing,
    );
    missing = [];
  };
  for await (const [left, right] of sideBySide(options)) {
    if (left && (!right || !same(left, right))) missing.push(left);
    if (missing.length >= pageSize) await put();
  }
  if (missing.length > 0) await put();
};

export interface ProvedRows {
  readonly rows: number;
  /** How many rows are not the same on both sides. */
  readonly differences: number;
}

export const proveRows = async (options: CopyRowsOptions): Promise<ProvedRows> => {
  let [rows, differences] = [0, 0];
  for await (const [left, right] of sideBySide(options)) {
    rows += 1;
    if (!left || !right || !same(left, right)) differences += 1;
  }
  return { rows, differences };
};
