// The path `ready`: from the start of the process until it says that requests may come, on nothing and on a long log.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from './client.ts';
import { fillLog } from './log.ts';
import { startMarketplace } from './processes.ts';
import type { PathFigures } from './report.ts';
import type { Run } from './sides.ts';

const events = 1_000_000;
const starts = 3;
const askedEvery = 5;

/** Events that read models have yet to read: the sum of what the metrics say of each. */
const lagOf = async (client: Client): Promise<number> => {
  const { body } = await client.request('GET', '/metrics');
  const lags = [...body.matchAll(/^tokobapak_projection_lag_events\{.*\} (\d+)$/gm)].map(([, lag]) => Number(lag));
  return lags.length === 0 ? Number.POSITIVE_INFINITY : lags.reduce((sum, lag) => sum + lag, 0);
};

/** Milliseconds until it was ready. It is left as a normal stop leaves it, after every read model has read everything. */
const startOnce = async (dataDir: string): Promise<number> => {
  const begin = performance.now();
  const server = await startMarketplace(dataDir, null, { SEED_DEMO: 'off' });
  const client = createClient(server.port);
  while ((await client.request('GET', '/readyz')).status !== 200) await pause(askedEvery);
  const milliseconds = performance.now() - begin;
  while ((await lagOf(client)) > 0) await pause(200);
  client.close();
  await server.stop();
  return milliseconds;
};

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

export const becomingReady = async (run: Run): Promise<PathFigures> => {
  const [nothing, long] = [join(run.folder, 'ready-nothing'), join(run.folder, 'ready-long')];
  const onNothing = () => {
    rmSync(nothing, { recursive: true, force: true });
    return startOnce(nothing);
  };
  await onNothing(); // compiles what is not compiled yet
  const begin = performance.now();
  await fillLog(long, events);
  const fillSeconds = (performance.now() - begin) / 1_000;
  run.say(`ready: the read models catch up with ${events} events …`);
  const catchUpMs = await startOnce(long);
  const [empty, full]: [number[], number[]] = [[], []];
  for (let n = 0; n < starts; n++) {
    empty.push(await onNothing());
    full.push(await startOnce(long));
  }
  const [emptyMs, readyMs] = [median(empty), median(full)];
  return {
    title: 'starts per second, 1 M events in the log',
    opsPerSecond: 1_000 / readyMs,
    p50Ms: readyMs,
    p95Ms: null,
    p99Ms: null,
    shareOfCeiling: emptyMs / readyMs,
    ceiling: 'a start on an empty folder',
    target: '≥ 50 %: twice as long',
    readyMs,
    emptyMs,
    overEmpty: readyMs / emptyMs,
    startsMs: full,
    emptyStartsMs: empty,
    fillSeconds,
    firstStartSeconds: catchUpMs / 1_000,
  };
};
