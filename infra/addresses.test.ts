// Which addresses of engines are taken, and which of their hosts are meant.
import { describe, expect, it } from 'vitest';
import * as addresses from './addresses.ts';

const { eachHost, esdbAddress, isEventStoreAddress, isPostgresAddress, isRedisAddress, areHttpAddresses, sentinelsIn, withoutSecrets } =
  addresses;

it.each([
  ['esdb://a:2113', true],
  ['esdb://a,b:2114,c?tls=false', true],
  ['esdb://user:pass%3Aword@10.0.0.1:2113,10.0.0.2:2113/?tls=true&tlsCAFile=%2Fca.pem&node_preference=leader', true],
  ['esdb+discover://user:word@log.example', true],
  ['kurrentdb+discover://log.example:2113', true],
  ['kurrentdb://a:2113,b:2113', true],
  ['esdb+discover://a,b', false],
  ['esdb://user:pass:word@a', false],
  ['esdb://user@a', false],
  ['esdb://', false],
  ['esdb://a,,b', false],
  ['esdb://a:port', false],
  ['esdb://a?tlsCaFiel=x', false],
  ['http://a:2113', false],
])('%s names the log: %s', (text, right) => expect(isEventStoreAddress(text)).toBe(right));

it.each([
  ['postgres://u:p@a/toko', true],
  ['postgresql://u:p@a:5432,b:5433,c/toko?target_session_attrs=read-write', true],
  ['postgres:///toko?host=/run/postgresql', true],
  ['postgres://u:p@a:x/toko', false],
  ['mysql://a/toko', false],
])('%s names a database: %s', (text, right) => expect(isPostgresAddress(text)).toBe(right));

it.each([
  ['redis://a', true],
  ['rediss://u:p@a:6380/2', true],
  ['redis+sentinel://a:26379,b/toko', true],
  ['rediss+sentinel://:word@a/toko/3?sentinelPassword=x', true],
  ['redis+sentinel://a:26379', false],
  ['redis://a,b', false],
])('%s names a cache: %s', (text, right) => expect(isRedisAddress(text)).toBe(right));

it.each([
  ['https://u:p@a:9200', true],
  ['https://u:p,q@a:9200, http://b:9200', true],
  ['https://a:9200,b', false],
  ['a:9200', false],
])('%s names nodes of a search engine: %s', (text, right) => expect(areHttpAddresses(text)).toBe(right));

describe('what an address says', () => {
  it('of each of its hosts', () => {
    expect(eachHost('postgres://u:p@a:1,b/toko?x=1')).toEqual(['postgres://u:p@a:1/toko?x=1', 'postgres://u:p@b/toko?x=1']);
    expect(eachHost('postgres:///toko')).toEqual(['postgres:///toko']);
  });
  it('to a client that knows the older name alone', () => {
    expect(['kurrentdb://a', 'kurrentdb+discover://a', 'esdb://kurrentdb:2113'].map(esdbAddress)).toEqual([
      'esdb://a',
      'esdb+discover://a',
      'esdb://kurrentdb:2113',
    ]);
  });
  it('of sentinels', () => {
    expect(sentinelsIn('rediss+sentinel://toko:a%40b@a,[::1]:26380/main/3?sentinelPassword=s')).toEqual({
      hosts: [
        { host: 'a', port: 26_379 },
        { host: '::1', port: 26_380 },
      ],
      ...{ name: 'main', username: 'toko', password: 'a@b', sentinelPassword: 's', db: 3, tls: true },
    });
    expect(sentinelsIn('redis://a')).toBeNull();
  });
  it('and what may be shown of it', () => {
    expect(withoutSecrets('esdb://admin:changeit@a:2113,b:2113?tls=false')).toBe('esdb://a:2113,b:2113');
    expect(withoutSecrets('https://u:p@a:9200, https://u:p@b:9200/x?key=1')).toBe('https://a:9200,https://b:9200/x');
  });
});
