// Many events of every kind on their way to Kafka, with a mirror that is overtaken in the midst of it: the feed is the log, the public hears
// everything in order and once, and nobody's personal data can be read in any record. MIRROR_EVENTS says how many (20,000 unless told).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { derivedUuid } from '../../commands/ids.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { publicMessages } from '../../domain/public-messages.ts';
import { publish } from '../../domain/publish.ts';
import { eventContract } from '../../domain/registry.ts';
import { readConfig } from '../../infra/config.ts';
import { connectVault } from '../../infra/connect.ts';
import { verbatim } from '../../infra/event-feed/kafka-record.ts';
import { applyTopics, logTopic } from '../../infra/event-feed/kafka-topics.ts';
import { type MirrorOptions, startMirror } from '../../infra/event-feed/mirror.ts';
import { createCodec } from '../../infra/event-store/codec.ts';
import type { EventStore } from '../../infra/event-store/port.ts';
import { createSqliteEventStore } from '../../infra/event-store/sqlite.ts';
import { createLogReader } from '../../infra/event-store/sqlite-reader.ts';
import type { Lease, Leases } from '../../infra/lease/port.ts';
import { kafka, records } from '../engines/kafka.ts';
import { freshId } from '../support/probe.ts';
import { feedFaults, topicFaults } from './copies.ts';
import { partitions, removeTopics } from './fleet.ts';

const wanted = Number(process.env.MIRROR_EVENTS ?? 20_000);
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What is sealed in these events; it stands nowhere else. */
const words = ['Ratna Kusumawardhani', 'ratna.kusuma@surat-pribadi.example', '+62 812 9988 7766', 'Jalan Kenanga Wulung 77'];
const at = '2026-01-05T03:00:00.000Z';
const namespace = `test-${freshId().toLowerCase()}`;

type Event = { readonly type: string };
const domain = new URL('../../domain/', import.meta.url);
/** An example of every event there is, by category. */
const examples = new Map(
  readdirSync(domain, { withFileTypes: true }).flatMap((entry): [string, Event[]][] => {
    const file = new URL(`${entry.name}/fixtures.json`, domain);
    return entry.isDirectory() && eventContract.version(JSON.parse(readFileSync(file, 'utf8'))[0].type) !== null
      ? [[entry.name, JSON.parse(readFileSync(file, 'utf8')) as Event[]]]
      : [];
  }),
);

let directory: string;
let store: EventStore;
let log: readonly Recorded[];
let vault: Awaited<ReturnType<typeof connectVault>>;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mirrored-'));
  vault = await connectVault(readConfig({ NODE_ENV: 'test', DATA_DIR: directory }), Date.now);
  store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: eventContract });
  await applyTopics(kafka, namespace, Object.keys(publicMessages), { partitions });
  for (let left = wanted; left > 0; ) left -= await many();
  log = await store.readAll(0, wanted * 2);
});
afterAll(async () => {
  await store.close();
  await vault.vault.close();
  rmSync(directory, { recursive: true });
  await removeTopics(kafka, namespace);
});

/** The same event of another aggregate, with somebody's data in it. */
const like = async (event: Event, category: string, id: string): Promise<Event> => {
  const sealed = String(await vault.seals.seal(freshId(), words));
  const own = category === 'stock' ? { variantId: id } : category === 'account' ? { userId: id } : { [`${category}Id`]: id };
  return { ...JSON.parse(JSON.stringify(event).replaceAll(/pii1\.[\w.-]+/g, sealed)), ...own };
};

/** Some aggregates of every kind, each with every event of its kind, all mixed; answers how many events. */
const many = async (): Promise<number> => {
  const aggregates = Array.from({ length: 20 }, () => freshId()).flatMap((id) =>
    [...examples].map(([category, events]) => ({ id, category, events })),
  );
  const appended = await Promise.all(
    aggregates.map(async ({ id, category, events }) => {
      const streamId = `${category}-${category === 'stock' ? `${id}.main` : id}`;
      for (const [n, event] of events.entries()) {
        const commandId = derivedUuid(streamId, n);
        const actor = { kind: 'system', id: 'test' } as const;
        const metadata = {
          eventId: derivedUuid(commandId, 'event'),
          commandId,
          correlationId: commandId,
          causationId: commandId,
          actor,
          occurredAt: at,
        };
        await store.append({ streamId, expected: n - 1, events: [{ event: await like(event, category, id), metadata }] });
      }
      return events.length;
    }),
  );
  return appended.reduce((sum, count) => sum + count, 0);
};

/** A lease that is held for so many sends. */
const leaseFor = (sends: number): Pick<Leases, 'acquire'> => {
  let left = sends;
  const lost = new AbortController().signal;
  return {
    acquire: async (name): Promise<Lease> => ({
      name,
      epoch: 1,
      lost,
      isHeld: () => left-- > 0,
      fence: async () => {},
      release: async () => {},
    }),
  };
};

/** Copies until all is there, or the lease is gone. */
const mirror = async (leases: MirrorOptions['leases']) => {
  const head = await store.head();
  const reader = createLogReader(join(directory, 'log.db'), createCodec(verbatim));
  const source = {
    logId: store.logId,
    head: async () => reader.head(),
    readAll: async (after: number, limit: number) => reader.readAll(after, limit),
    onCommitted: store.onCommitted,
  };
  const over = Promise.withResolvers<void>();
  const { decode } = createCodec(eventContract);
  const mirroring = startMirror({
    ...{ kafka, namespace, source, version: eventContract.version, decode, publish, leases, owner: 'test' },
    onError: () => over.resolve(),
    onCopied: (position) => {
      if (position >= head) over.resolve();
    },
  });
  await over.promise;
  await mirroring.stop();
  reader.close();
};

/** A word as it may stand in a text: as it is, and in base64, wherever it begins there. */
const forms = (word: string): string[] => [
  word,
  ...[0, 1, 2].map((skipped) => Buffer.from(word).subarray(skipped).toString('base64').slice(0, -4).replace(/=+$/, '')),
];

describe('a mirror', () => {
  it('copies every event, in the order of the log, though it is overtaken in the midst of it', async () => {
    await mirror(leaseFor(Math.ceil(wanted / 1_000)));
    await mirror(leaseFor(Number.POSITIVE_INFINITY));
    expect(log.length).toBeGreaterThanOrEqual(wanted);
    const { faults, repeats } = await feedFaults(namespace, log);
    expect(faults).toEqual([]);
    expect(repeats).toBe(0);
  });

  it('tells the public of every aggregate what the log says of it, in its order, without a gap, and nobody’s secrets', async () => {
    const { faults, repeats, values } = await topicFaults(namespace, store.logId, log);
    expect(faults).toEqual([]);
    // At most the batch that was under way when the first owner was overtaken.
    expect(repeats).toBeLessThanOrEqual(500);
    expect(values.length).toBeGreaterThan(wanted / 10);
    const texts = [...values, ...(await records(logTopic(namespace))).map(({ value, headers }) => value + JSON.stringify(headers))];
    const patterns = words.flatMap(forms);
    expect(texts.filter((text) => patterns.some((pattern) => text.includes(pattern))).slice(0, 3)).toEqual([]);
    expect(texts.some((text) => text.includes('pii1.'))).toBe(true);
  });
});
