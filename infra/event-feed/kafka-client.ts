// How Kafka is reached: settings, the public client for producing and administration, and the connection under it that can fetch without a group.
import { readFileSync } from 'node:fs';
import { type ISocketFactory, Kafka, logLevel, type SASLOptions } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';

export interface KafkaSettings {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** TLS where given: PEM files; without `caFile` the system's certificates count. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  readonly clientId?: string;
  /** Milliseconds after which an answer is given up and its connection with it. Default: 5,000. */
  readonly requestTimeoutMs?: number;
  /** Makes the connections: for tests that stand between this process and its brokers. */
  readonly socketFactory?: ISocketFactory;
}

/** Milliseconds. Whoever owns a loop tries again by itself, so the client gives up soon. */
const connectionTimeout = 3_000;

const tlsOf = ({ caFile, certFile, keyFile }: NonNullable<KafkaSettings['tls']>) => ({
  ...(caFile && { ca: [readFileSync(caFile, 'utf8')] }),
  ...(certFile && { cert: readFileSync(certFile, 'utf8') }),
  ...(keyFile && { key: readFileSync(keyFile, 'utf8') }),
});

const saslOf = ({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>): SASLOptions => {
  // NOTE: the client's types want each mechanism to be named by itself.
  if (mechanism === 'plain') return { mechanism, username, password };
  return mechanism === 'scram-sha-256' ? { mechanism, username, password } : { mechanism, username, password };
};

const shared = (settings: KafkaSettings) => ({
  brokers: [...settings.brokers],
  clientId: settings.clientId ?? 'tokobapak',
  connectionTimeout,
  requestTimeout: settings.requestTimeoutMs ?? 5_000,
  ...(settings.tls && { ssl: tlsOf(settings.tls) }),
  ...(settings.sasl && { sasl: saslOf(settings.sasl) }),
});

/** A client that tries all a second time at most (an idempotent producer takes no less); faults reach the caller, not the library's own log. */
export const openKafka = (settings: KafkaSettings, retries = 1): Kafka =>
  new Kafka({
    ...shared(settings),
    ...(settings.socketFactory && { socketFactory: settings.socketFactory }),
    retry: { retries, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING,
  });

const silence = { namespace: () => silence, debug() {}, info() {}, warn() {}, error() {} };

/** The client's own connection layer, for fetches at any offset: its public consumer cannot do without a group (docs/adr/0016). */
export const openCluster = (settings: KafkaSettings): Cluster =>
  new Cluster({
    ...shared(settings),
    socketFactory: settings.socketFactory ?? createSocketFactory(),
    authenticationTimeout: connectionTimeout,
    reauthenticationThreshold: 10_000,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
    logger: silence,
  });
