// A cluster by each of the names that operators give it, from the command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../../cli.ts';
import { type Cluster, startCluster } from './cluster.ts';

let directory: string;
let cluster: Cluster;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'eventstoredb-addresses-'));
  cluster = await startCluster(directory);
});
afterAll(async () => {
  await cluster.close();
  rmSync(directory, { recursive: true });
});

const verified = async (url: string) => {
  const lines: string[] = [];
  const code = await runCommandLine(['audit', 'verify'], {
    env: { EVENTSTORE_URL: url, NODE_ENV: 'test', DATA_DIR: directory },
    print: (line) => lines.push(line),
    screen: { write: () => {} },
    letGo: () => {},
    signal: new AbortController().signal,
  });
  return { code, lines };
};

it.each([
  ['several nodes', () => cluster.url],
  ['several nodes and a user', () => cluster.url.replace('//', '//admin:change%40it@')],
  ['one to discover the others by', () => cluster.discoverUrl],
  ['the newer name', () => cluster.url.replace('esdb:', 'kurrentdb:')],
  ['the newer name, discovering', () => cluster.discoverUrl.replace('esdb+', 'kurrentdb+')],
])('%s', async (_, url) => expect(await verified(url())).toEqual({ code: 0, lines: ['0 events in 0 streams: all as they were written'] }));
