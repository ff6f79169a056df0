// Commands that run for minutes, and a server that goes away for a while: they wait, say so, and come to the same end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCommandLine } from '../../cli.ts';
import { eventContract } from '../../domain/registry.ts';
import { copyEvents } from '../../infra/event-store/copy.ts';
import { openRawEventStoreDb } from '../../infra/event-store/raw-eventstoredb.ts';
import { openRawSqliteTarget } from '../../infra/event-store/raw-sqlite.ts';
import { madeUp } from '../import/made-up.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

let directory: string;
let server: EventStoreStandIn;
let files: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'outage-'));
  files = madeUp();
  server = await startEventStoreStandIn({ directory: join(directory, 'server') });
});
afterEach(async () => {
  await server.close();
  for (const folder of [directory, files]) rmSync(folder, { recursive: true });
});

const url = () => server.url.replace('//', '//admin:changeit@');

/** Runs a command in this process. When it first says something that matches `at`, the server goes; it comes back once the command says that it waits. */
const interrupted = async (line: readonly string[], at: RegExp, env: Record<string, string> = {}) => {
  const [said, out]: [string[], string[]] = [[], []];
  let [gone, back]: [Promise<void> | null, Promise<void> | null] = [null, null];
  const { port } = server;
  const write = (text: string) => {
    said.push(text);
    if (!gone && at.test(text)) gone = server.kill();
    if (!gone || back || !text.includes('Waiting, for 10 min')) return;
    back = gone.then(async () => {
      server = await startEventStoreStandIn({ directory: join(directory, 'server'), port });
    });
  };
  const code = await runCommandLine(line, {
    env: { NODE_ENV: 'test', DATA_DIR: join(directory, 'house'), ANALYTICS: 'off', ...env },
    print: (text) => out.push(text),
    screen: { write },
    letGo: () => {},
    signal: new AbortController().signal,
  });
  return { code, out, said: said.join('') };
};
const waited = /cannot be reached[^\n]* Waiting, for 10 min at most\.\n[\s\S]*It answers again, after [\d.]+ s\.\n/;

it('an import goes on, and leaves the same as one that met nothing', async () => {
  const { code, out, said } = await interrupted(['import', 'olist', files], /import: [3-9]0 %/, { EVENTSTORE_URL: url() });
  expect([code, said]).toEqual([0, expect.stringMatching(waited)]);
  const again = await interrupted(['import', 'olist', files], /never/, { EVENTSTORE_URL: url() });
  expect(again.out.join('\n')).toMatch(/\n0 events added/);
  expect(out.join('\n')).toMatch(/^21 purchases, 24 people, 3 shops/);
});

it('a copy and a proof go on', async () => {
  const { out } = await interrupted(['import', 'olist', files], /never/, { EVENTSTORE_URL: url() });
  expect(out.join()).toMatch(/events added/);
  const file = join(directory, 'log.db');
  const copied = await interrupted(['events', 'copy', '--from', url(), '--to', file], /copy: /);
  expect([copied.code, copied.out.join()]).toEqual([0, expect.stringMatching(/compared: equal$/)]);
  // Larger than one page, so that there is something left to read when the server goes.
  const long = join(directory, 'long.db');
  const [from, to] = [openRawEventStoreDb(url(), eventContract.owns), openRawSqliteTarget(long)];
  expect(await copyEvents({ from, to })).toMatchObject({ faults: [] });
  await Promise.all([from.close(), to.close()]);
  const verified = await interrupted(['audit', 'verify', url()], /verify: /);
  expect([verified.code, verified.out.join()]).toEqual([0, expect.stringMatching(/all as they were written$/)]);
});
