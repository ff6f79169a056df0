// What is said of an engine that cannot be used: the setting, its address without secrets, why, and what to do. In one line, with a code.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { checkEngines, diagnosed, EngineUnusable } from '../../infra/connect-diagnosis.ts';
import { startCluster } from '../eventstoredb/cluster.ts';
import { startEventStoreStandIn } from '../eventstoredb/stand-in.ts';
import { cert, key } from '../support/certificate.ts';
import { command } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokobapak-engines-'));
const servers: Server[] = [];
const listening = async (server: Server): Promise<number> => {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

/** Ports: of a server whose certificate nobody trusts, of one that refuses all over HTTP with a status, of one that speaks no TLS, of nobody. */
let at: { tls: number; plain: number; nobody: number; refusing: Record<number, number> };
const closed = (server: Server) => {
  server.close();
  return once(server, 'close');
};
beforeAll(async () => {
  const refusing = async (status: number) =>
    listening(
      createHttp((_, answer) => {
        answer.writeHead(status, {
          'x-elastic-product': 'Elasticsearch',
          'x-clickhouse-exception-code': '516',
          'content-type': 'application/json',
        });
        answer.end('{"error":{"type":"security_exception","reason":"no"},"status":401}');
      }),
    );
  const gone = createTcp();
  const nobody = await listening(gone);
  await closed(gone);
  at = {
    nobody,
    tls: await listening(createTls({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => socket.on('error', () => {}))),
    plain: await listening(
      createTcp((socket) => socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
    ),
    refusing: { 401: await refusing(401) },
  };
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const here = { NODE_ENV: 'test', DATA_DIR: folder };
const sentence = async (env: Record<string, string>) => {
  const found = await diagnosed(new Error('something'), readConfig({ ...here, ...env }));
  return found instanceof Error ? found.message : '';
};

describe('the log', () => {
  const user = 'esdb://admin:sesame@';
  it.each([
    ['nobody listens', () => `${user}127.0.0.1:${at.nobody}`, /: nobody listens there\. Start the server, or correct host and port\.$/],
    ['no such host', () => `${user}nowhere.invalid:2113`, /there is no host of this name\./],
    ['a file that is not there', () => `${user}127.0.0.1:${at.tls}?tlsCAFile=/nope/ca.pem`, /there is no file \/nope\/ca\.pem\./],
    [
      'a certificate of nobody',
      () => `${user}127.0.0.1:${at.tls}`,
      /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. .*tlsCAFile=/,
    ],
    ['one of several', () => `${user}127.0.0.1:${at.tls},127.0.0.1:${at.nobody}`, /its certificate is not trusted/],
    ['no TLS', () => `${user}127.0.0.1:${at.plain}`, /one side speaks TLS, the other does not\./],
  ])('with %s', async (_, url, says) => {
    const said = await sentence({ EVENTSTORE_URL: url() });
    expect(said).toMatch(/^EVENTSTORE_URL \(esdb:\/\/[\w.:,]+\): /);
    expect(said).toMatch(says);
    expect(said).not.toContain('sesame');
  });

  it('that refuses who asks: with no user, with one that may not', async () => {
    const standIn = await startEventStoreStandIn({ directory: join(folder, 'denying') });
    standIn.faults.denyNext('read');
    expect(await sentence({ EVENTSTORE_URL: standIn.url })).toMatch(/it allows nothing without a user and a password\. Put the right ones/);
    standIn.faults.denyNext('read');
    expect(await sentence({ EVENTSTORE_URL: standIn.url.replace('//', '//toko:sesame@') })).toMatch(
      /this user may not do what is needed\. Give it the rights that docs\/operations\.md lists\./,
    );
    await standIn.close();
  });

  it('of which no node leads', async () => {
    const cluster = await startCluster(join(folder, 'cluster'));
    for (const node of [0, 1]) cluster.kill(node);
    expect(await sentence({ EVENTSTORE_URL: cluster.url })).toMatch(/nobody listens there|no node of it leads/);
    await cluster.close();
  });

  it('is told by the command line in one line', async () => {
    const EVENTSTORE_URL = `${user}127.0.0.1:${at.tls}?tlsCAFile=/nope/ca.pem`;
    const { code, out, err } = await command(['audit', 'verify'], { ...here, EVENTSTORE_URL });
    const line = `(esdb://127.0.0.1:${at.tls}): there is no file /nope/ca.pem. Put it there, or correct what names it in the address.\n`;
    expect([code, out, err]).toEqual([1, '', `EVENTSTORE_URL ${line}`]);
    const named = await command(['events', 'copy', '--from', EVENTSTORE_URL, '--to', join(folder, 'copy')], here);
    expect([named.code, named.err]).toEqual([1, `The address ${line}`]);
  });
});

describe('other engines', () => {
  const secure = 'https://toko:sesame@127.0.0.1';
  it.each([
    ['DATABASE_URL', () => `postgres://toko:sesame@127.0.0.1:${at.nobody}/toko`, /nobody listens there/],
    ['DATABASE_URL_ORDER', () => `postgres://toko:sesame@nowhere.invalid/toko`, /there is no host of this name/],
    [
      'DATABASE_URL',
      () => `postgres://toko:sesame@127.0.0.1/toko?sslmode=verify-full&sslrootcert=/nope.pem`,
      /there is no file \/nope\.pem/,
    ],
    ['REDIS_URL', () => `rediss://toko:sesame@127.0.0.1:${at.tls}`, /its certificate is not trusted.*NODE_EXTRA_CA_CERTS/],
    ['REDIS_URL', () => `redis://toko:sesame@127.0.0.1:${at.nobody}`, /nobody listens there/],
    [
      'REDIS_URL',
      () => `redis+sentinel://toko:sesame@127.0.0.1:${at.nobody},nowhere.invalid/toko`,
      /nobody listens there|no host of this name/,
    ],
    ['ELASTICSEARCH_URL', () => `${secure}:${at.tls}`, /its certificate is not trusted/],
    ['ELASTICSEARCH_URL', () => `http://toko:sesame@127.0.0.1:${at.refusing[401]}`, /it refuses this user or the password/],
    ['ELASTICSEARCH_URL', () => `http://127.0.0.1:${at.refusing[401]}`, /it lets nobody in without a user and a password/],
    ['CLICKHOUSE_URL', () => `${secure}:${at.tls}`, /its certificate is not trusted/],
    ['CLICKHOUSE_URL', () => `http://toko:sesame@127.0.0.1:${at.refusing[401]}`, /it refuses this user or the password/],
    ['CLICKHOUSE_URL', () => `http://toko:sesame@nowhere.invalid:8123`, /there is no host of this name/],
  ])('%s %s', async (setting, address, says) => {
    let said = await sentence({ [setting]: address() });
    // A busy machine may be too slow for the handshake: whoever starts it looks again.
    while (/it does not answer/.test(said)) said = await sentence({ [setting]: address() });
    expect(said).toMatch(new RegExp(`^${setting} \\([\\w+]+://[\\w.:,]+(/toko)?\\): `));
    expect(said).toMatch(says);
    expect(said).not.toMatch(/sesame|\n/);
  });
  it('Kafka', async () => {
    const kafka = (env: Record<string, string>) =>
      sentence({ EVENTSTORE_URL: 'esdb://127.0.0.1:1', ...env }).then((said) => said.split('\n')[1]);
    const KAFKA_BROKERS = `127.0.0.1:${at.tls}`;
    expect(await kafka({ KAFKA_BROKERS, KAFKA_TLS: 'on', KAFKA_CA_FILE: '/nope.pem' })).toMatch(
      /there is no file \/nope\.pem.*KAFKA_…_FILE/,
    );
    expect(await kafka({ KAFKA_BROKERS, KAFKA_TLS: 'on' })).toMatch(/its certificate is not trusted.*KAFKA_CA_FILE/);
  });
});

describe('a start', () => {
  const check = (env: Record<string, string>) =>
    checkEngines(readConfig({ ...here, ...env }), ['REDIS_URL', 'ELASTICSEARCH_URL', 'CLICKHOUSE_URL']);
  it('is refused by what will not pass', () =>
    expect(check({ ELASTICSEARCH_URL: `http://a:b@127.0.0.1:${at.refusing[401]}` })).rejects.toThrow(EngineUnusable));
  it('goes on without what is only away', () =>
    expect(check({ REDIS_URL: `redis://127.0.0.1:${at.nobody}`, CLICKHOUSE_URL: 'http://nowhere.invalid:8123' })).resolves.toBeUndefined());
});
