// The log of the process: one JSON object per line. It never holds bodies, queries, tokens or personal data.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Names under which somebody might still log what must not be read here, at the top and one level below. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'masterKey',
  'email',
  'phone',
  'name',
  'address',
  'body',
  'query',
  'headers',
];

/** Errors are logged with type, code, message and stack; `details` of a DomainError hold no personal data by contract. */
const errorOf = (error: Error & { code?: unknown }) => ({ type: error.name, code: error.code, message: error.message, stack: error.stack });

/** Where the lines of a logger go, for those that are written by hand. */
const destinations = new WeakMap<Logger, DestinationStream>();

/**
 * Standard output in blocks: a write for each line would cost as much as a short answer. What waits is written when the process ends,
 * also when it ends by an error that nobody caught; only a kill loses the last moment.
 */
const buffered = () => {
  const destination = pino.destination({ sync: false, minLength: 8_192, maxLength: 64 * 1024 * 1024, periodicFlush: 100 });
  let isFailing = false;
  destination.on('error', () => {
    failedWrites += 1;
    isFailing = true;
  });
  destination.on('drain', () => {
    isFailing = false;
  });
  // Whatever ends is asked to write what waits, and would be asked for ever.
  process.on('beforeExit', () => {
    if (isFailing) process.exit();
  });
  // At the end what waits is written, and the library tries for ever where that fails: what cannot be said then is given up.
  const { flushSync } = destination;
  destination.flushSync = () => {
    if (!isFailing) flushSync.call(destination);
  };
  return destination;
};

let failedWrites = 0;
/** How often lines of the log could not be written, such as to a full disk: the marketplace goes on without them. */
export const failedLogWrites = (): number => failedWrites;

export const logger = (level: LogLevel, destination: DestinationStream = buffered()): Logger => {
  const log = pino(
    {
      level,
      base: { service: 'tokobapak' },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorOf, error: errorOf },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
  destinations.set(log, destination);
  return log;
};

/** How a request ended: the route's template, never the path. */
export interface RequestEnd {
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

type Asked = { get(key: 'requestId' | 'correlationId'): string; req: { method: string } };

/**
 * One line per request, with nothing in it that names a person. Written by hand, since it is written for every request: ids and method
 * have been looked at by whoever took them over, and there is nothing to redact.
 */
export const requestLines = (log: Logger) => {
  const destination = destinations.get(log);
  const routes = new Map<string, string>();
  let now = { at: 0, text: '' };
  return (level: 'info' | 'debug', c: Asked, { route, status, seconds }: RequestEnd): void => {
    if (!destination || !log.isLevelEnabled(level)) return;
    let name = routes.get(route);
    if (name === undefined) {
      name = JSON.stringify(route);
      routes.set(route, name);
    }
    const at = Date.now();
    if (at !== now.at) now = { at, text: new Date(at).toISOString() };
    const ids = `"requestId":"${c.get('requestId')}","correlationId":"${c.get('correlationId')}"`;
    const end = `"method":"${c.req.method}","route":${name},"status":${status},"ms":${Math.round(seconds * 10_000) / 10}`;
    destination.write(`{"level":"${level}","time":"${now.text}","service":"tokobapak",${ids},${end},"msg":"request"}\n`);
  };
};
