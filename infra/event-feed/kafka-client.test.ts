// Both ways to reach Kafka use the same settings.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KafkaSettings, openCluster, openKafka } from './kafka-client.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kafka-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** What each connection was to be made with; none succeeds. */
const watched = (settings: Omit<KafkaSettings, 'brokers' | 'socketFactory'>) => {
  const asked: { host: string; port: number; ssl: ConnectionOptions }[] = [];
  const socketFactory: KafkaSettings['socketFactory'] = ({ host, port, ssl }) => {
    asked.push({ host, port, ssl });
    const socket = new net.Socket();
    setImmediate(() => socket.destroy(new Error('refused')));
    return socket;
  };
  return { asked, settings: { ...settings, brokers: ['kafka:9093'], socketFactory } };
};

const clients: [string, (settings: KafkaSettings) => Promise<void>][] = [
  ['the public client', (settings) => openKafka(settings).admin().connect()],
  ['the connection for fetches', (settings) => openCluster(settings).connect()],
];

it.each(clients)('%s takes the certificates out of their files', async (_, connect) => {
  const file = (name: string) => {
    writeFileSync(join(directory, name), `the ${name}`);
    return join(directory, name);
  };
  const { asked, settings } = watched({ tls: { caFile: file('ca'), certFile: file('cert'), keyFile: file('key') } });
  await expect(connect(settings)).rejects.toThrow();
  expect(asked[0]).toEqual({ host: 'kafka', port: 9093, ssl: { ca: ['the ca'], cert: 'the cert', key: 'the key' } });
});

it.each(clients)('%s trusts the certificates of the system where none are given', async (_, connect) => {
  const { asked, settings } = watched({ tls: {} });
  await expect(connect(settings)).rejects.toThrow();
  expect(asked[0]?.ssl).toEqual({});
});

it.each(clients)('%s speaks plain text without TLS', async (_, connect) => {
  const { asked, settings } = watched({});
  await expect(connect(settings)).rejects.toThrow();
  expect(asked[0]?.ssl).toBeFalsy();
});
