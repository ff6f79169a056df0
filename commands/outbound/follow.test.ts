import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogFeed } from '../../infra/event-feed/log.ts';
import { happened, testContract } from '../../infra/event-store/contract.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import { type FollowOptions, follow } from './follow.ts';

let directory: string;
let store: EventStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'follow-'));
  store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

const numberOf = (event: { readonly type: string }) => (event as { n?: number }).n ?? Number.NaN;

/** When each of four events of two streams was begun and ended; the first takes its time. */
const acted = async (options: Omit<FollowOptions, 'types'>) => {
  await store.append({ streamId: 'test-a', expected: -1, events: [happened(1), happened(2)] });
  await store.append({ streamId: 'test-b', expected: -1, events: [happened(3), happened(4)] });
  // All of them come in one batch then.
  while (store.told() !== 4) await new Promise((resolve) => setImmediate(resolve));
  const said: string[] = [];
  const follower = await follow(
    'tested',
    { types: new Set(['test.happened']), ...options },
    async ({ event }) => {
      const n = numberOf(event);
      said.push(`begin ${n}`);
      for (let turn = 0; turn < (n === 1 ? 20 : 1); turn += 1) await new Promise((resolve) => setImmediate(resolve));
      said.push(`end ${n}`);
    },
    { feed: createLogFeed(store), checkpoints: store.checkpoints, onLeft: () => {}, onError: () => {} },
  );
  await follower.passed(await store.head());
  await follower.stop();
  return said;
};
const order = (said: readonly string[], ...wanted: string[]) => said.filter((line) => wanted.includes(line));

it('acts on the events of one stream in their order, and on other streams meanwhile', async () => {
  const said = await acted({});
  expect(order(said, 'end 1', 'begin 2')).toEqual(['end 1', 'begin 2']);
  expect(order(said, 'end 1', 'begin 3')).toEqual(['begin 3', 'end 1']);
});

it('keeps the order of all that is about one thing, whatever streams it stands in', async () => {
  const said = await acted({ aboutOf: (event) => (numberOf(event) === 2 ? null : 'one person') });
  expect(order(said, 'end 1', 'begin 3')).toEqual(['end 1', 'begin 3']);
  expect(order(said, 'end 3', 'begin 4')).toEqual(['end 3', 'begin 4']);
  expect(order(said, 'end 1', 'end 2')).toEqual(['end 2', 'end 1']);
});
