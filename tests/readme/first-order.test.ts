// The first order of README.md, run as a reader would: every line, in a shell, against a marketplace that has just been started.
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, newDataDir, startChild } from '../support/child.ts';

const patience = 180_000;
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The lines to paste. */
const pasted = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('');

/** As it is for somebody who has set nothing: empty values stand for the defaults, limits included. */
const asForReaders = {
  NODE_ENV: 'development',
  RATE_LOGIN_PER_MINUTE: '',
  RATE_CHECKOUT_PER_MINUTE: '',
  RATE_SEARCH_PER_MINUTE: '',
  RATE_OTHER_PER_MINUTE: '',
  ANALYTICS: 'off', // no line asks for a report, and its engine takes 300 MB
};

interface Run {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** Ends at the first line that fails, a curl within a pipe included. */
const paste = (lines: string, base: string): Promise<Run> =>
  new Promise((resolve) => {
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, BASE: base };
    execFile('bash', ['-xeuo', 'pipefail', '-c', lines], { env, timeout: patience - 30_000 }, (error, out, err) =>
      resolve({ code: error ? (error.code ?? String(error.signal)) : 0, out, err }),
    );
  });

interface Request {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/**
 * What the marketplace says it was asked, without what the simulated providers sent. A busy machine may say 503 (come again),
 * and curl does; it must not say 429, since the limits are to be wide enough for a first order.
 */
const requestsIn = (lines: readonly string[]): Request[] =>
  lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Request & { msg: string })
    .filter(({ msg, route, status }) => msg === 'request' && !route.includes('/webhooks') && status !== 503);

const posts = [
  'auth/register 201',
  'auth/login 200',
  'cart/lines 201',
  'cart/lines 201',
  'checkouts/quote 201',
  'checkouts 201',
  'payments/:paymentId/simulate 202',
  'auth/login 200',
  'auth/login 200',
  ...['orders/:orderId/acceptance 200', 'orders/:orderId/packing 200'],
  ...['orders/:orderId/acceptance 200', 'orders/:orderId/packing 200'],
  ...Array(4).fill('shipments/:shipmentId/simulate 202'),
  'reviews 201',
  'orders/:orderId/refunds 201',
  'auth/login 200',
];

describe("the README's first order", () => {
  const dataDir = newDataDir();
  let child: Child;
  let run: Run;
  beforeAll(async () => {
    child = await startChild(dataDir, asForReaders);
    run = await paste(pasted, child.url);
    await child.stop();
  }, patience);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('runs to its end, line by line', () => {
    expect(run.code, run.err.split('\n').slice(-12).join('\n')).toBe(0);
  });

  it('gets from every request the answer that was meant', () => {
    const requests = requestsIn(child.lines);
    // A checkout that takes longer than its buyer is kept waiting is answered 202, and the next line waits for it.
    const changes = requests
      .filter(({ method }) => method === 'POST')
      .map(({ route, status }) => `${route.replace('/api/v1/', '')} ${status}`.replace('checkouts 202', 'checkouts 201'));
    expect(changes).toEqual(posts);
    expect(requests.filter(({ method, status }) => method === 'GET' && status !== 200)).toEqual([]);
  });

  it('shows both orders confirmed, a parcel delivered, and the order as it was before it was paid', () => {
    expect(run.out.match(/: Confirmed/g)).toHaveLength(2);
    expect(run.out).toContain("'order.delivered'");
    expect(run.out).toMatch(/\nDelivered\nAwaitingPayment\ntrue\n/);
  });

  it('takes the refunded bag of coffee off what the shop has to come, and the books sum to zero', () => {
    const pending = [...run.out.matchAll(/'seller_pending: (\d+)'/g)].map(([, amount]) => Number(amount));
    expect(pending).toEqual([129_730, 64_865]);
    expect(run.out).toMatch(/sum: 0,/);
  });
});
