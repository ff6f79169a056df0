import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Inbox, openInbox } from './inbox.ts';
import { openProviderStore, type ProviderStore } from './store.ts';
import { openWebhooks, type Webhooks, webhookSchema } from './webhooks.ts';

let directory: string;
let store: ProviderStore;
let inbox: Inbox;
let webhooks: Webhooks;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'webhooks-'));
  store = openProviderStore(directory, 'provider.db', webhookSchema);
  inbox = await openInbox();
  webhooks = openWebhooks(store, { url: inbox.url, secret: 'a-secret', clock: Date.now, retryMs: 5 });
});
afterEach(async () => {
  await webhooks.close();
  await inbox.close();
  store.db.close();
  rmSync(directory, { recursive: true });
});

const send = (eventId: string) => {
  store.transaction(() => webhooks.enqueue('subject', [{ eventId }], {}));
  webhooks.wake();
};

it('goes on by itself after the disk has taken no write for a while, and sends nothing twice that it knows of', async () => {
  send('first');
  const recording = vi.spyOn(store, 'transaction');
  // Nothing may be written from here on, as on a full disk: the delivery cannot be recorded.
  store.db.exec('PRAGMA query_only = ON');
  await vi.waitFor(() => expect(recording).toHaveBeenCalled());
  expect(recording.mock.results.map(({ type }) => type)).toContain('throw');
  store.db.exec('PRAGMA query_only = OFF');
  send('second');
  await inbox.until(2);
  await vi.waitFor(() => expect(webhooks.undelivered()).toBe(0));
  expect(inbox.received.map(({ notice }) => notice.eventId)).toEqual(['first', 'second']);
});
