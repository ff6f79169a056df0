import { describe, expect, it } from 'vitest';
import { ConfigError, configTable, describeConfig, readConfig } from './config.ts';

const key = '8f3c1d5e7a9b0c2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5';
const production = { NODE_ENV: 'production', MASTER_KEY: key, PUBLIC_URL: 'https://toko.example' };

const problems = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the configuration', () => {
  it('needs nothing to start on one machine', () => {
    expect(readConfig({ PATH: '/bin', HOME: '/root' })).toMatchObject({
      NODE_ENV: 'development',
      DATA_DIR: '.data',
      MARKET_TIME_ZONE: 'Asia/Jakarta',
      MARKET_CURRENCY: 'IDR',
      CORS_ORIGINS: [],
      RATE_LOGIN_PER_MINUTE: 5,
    });
  });
  it('reads lists', () => {
    expect(readConfig({ CORS_ORIGINS: 'https://a.example, https://b.example', ADMIN_IP_ALLOW: '10.0.0.0/8,::1' })).toMatchObject({
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      ADMIN_IP_ALLOW: ['10.0.0.0/8', '::1'],
    });
  });
  it('reads where services are', () => {
    expect(
      problems({ SERVICE_URL: 'http://{service}:{port}', SERVICE_ADDRESSES: 'order=http://orders:3007,write-api=http://w:1' }),
    ).toEqual([]);
  });
  it.each([
    [{ PORT: '80a' }, /^PORT: /],
    [{ MARKET_TIME_ZONE: 'Jakarta' }, /^MARKET_TIME_ZONE: /],
    [{ MARKET_CURRENCY: 'EUR' }, /^MARKET_CURRENCY: /],
    [{ CORS_ORIGINS: 'https://a.example/' }, /^CORS_ORIGINS: /],
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS: /],
    [{ ADMIN_IP_ALLOW: '10.0.0.0/33' }, /^ADMIN_IP_ALLOW: /],
    [{ MASTER_KEY: 'short' }, /^MASTER_KEY: /],
    [{ MARKET_TIMEZONE: 'Asia/Jakarta' }, /^MARKET_TIMEZONE is not known/],
    [{ DATABASE_URI: 'postgres://db' }, /^DATABASE_URI is not known/],
    [{ DATABASE_URL: 'mysql://db' }, /^DATABASE_URL: must be an address such as postgres:/],
    [{ SERVICE_ADDRESSES: 'ordre=http://orders:3007' }, /^SERVICE_ADDRESSES: must be such as order=/],
    [{ SERVICE_URL: 'http://{name}:{port}' }, /^SERVICE_URL: must be/],
    [{ SERVICE_URL: 'http://{service}:x' }, /^SERVICE_URL: must be/],
    [{ KAFKA_BROKERS: 'kafka:9092' }, /needs EVENTSTORE_URL/],
    [{ KAFKA_SASL: 'plain' }, /KAFKA_SASL needs/],
    [{ PAYMENT_GATEWAY_URL: 'https://pay.example' }, /needs PAYMENT_WEBHOOK_SECRET/],
    [{ CORS_ORIGINS: 'http://localhost:8080' }, /may call anyway/],
  ])('refuses %o', (env, problem) => expect(problems(env)).toEqual([expect.stringMatching(problem)]));
  it('does not mind what Kubernetes says of the neighbours', () => expect(problems({ REDIS_PORT: 'tcp://10.0.0.1:6379' })).toEqual([]));
});

describe('in production', () => {
  it('starts with a key and encrypted links', () => expect(problems(production)).toEqual([]));
  it('refuses to start without', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual([
      'MASTER_KEY is required in production.',
      'PUBLIC_URL must be https in production.',
    ]);
  });
  it('refuses secrets that anybody would try', () => {
    expect(problems({ ...production, MASTER_KEY: '0'.repeat(64) })).toEqual(['MASTER_KEY is too easy to guess.']);
  });
  it('refuses plain-text links', () => {
    const env = { ...production, COURIER_URL: 'http://courier.example', COURIER_WEBHOOK_SECRET: key, CORS_ORIGINS: 'http://app.example' };
    expect(problems(env)).toEqual([
      'COURIER_URL must be https in production.',
      'CORS_ORIGINS: http://app.example must be https in production.',
    ]);
  });
});

describe('links to engines in production', () => {
  const safe = {
    EVENTSTORE_URL: 'esdb://log.example:2113',
    DATABASE_URL: 'postgres://u:p@db.example/toko?sslmode=verify-full',
    REDIS_URL: 'rediss://cache.example:6379',
    KAFKA_BROKERS: 'kafka.example:9093',
    KAFKA_TLS: 'on',
    ELASTICSEARCH_URL: 'https://search.example',
    CLICKHOUSE_URL: 'https://facts.example',
  };
  it('are taken when they are encrypted', () => expect(problems({ ...production, ...safe })).toEqual([]));
  it.each([
    { EVENTSTORE_URL: 'esdb://log.example:2113?tls=false' },
    { DATABASE_URL: 'postgres://u:p@db.example/toko' },
    { DATABASE_URL_ORDER: 'postgres://u:p@db.example/orders' },
    { REDIS_URL: 'redis://cache.example:6379' },
    { KAFKA_TLS: 'off' },
    { ELASTICSEARCH_URL: 'http://search.example' },
    { CLICKHOUSE_URL: 'http://facts.example' },
  ])('are refused otherwise: %o', (plain) =>
    expect(problems({ ...production, ...safe, ...plain })).toEqual([`${Object.keys(plain)[0]} must be encrypted in production.`]),
  );
  it('are never shown with their passwords', () => expect(describeConfig(readConfig({ ...production, ...safe }))).not.toContain('u:p@'));
});

describe('what is shown', () => {
  it('never holds a secret', () => {
    const text = describeConfig(readConfig(production));
    expect(text).toContain('MASTER_KEY=********');
    expect(text).not.toContain(key);
    expect(problems({ MASTER_KEY: `${key}xyz` }).join()).not.toContain(key);
  });
  it('documents each setting', () =>
    expect(configTable()).toContain('| `DATA_DIR` | `.data` | Folder of the embedded engines; owned by one process. |'));
});
