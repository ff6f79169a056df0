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

export const logger = (level: LogLevel, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: { service: 'tokobapak' },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorOf, error: errorOf },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    ...(destination ? [destination] : []),
  );

/** What a line about a request says of it. */
export const requestFields = (c: { get(key: 'requestId' | 'correlationId'): string; req: { method: string } }) => ({
  requestId: c.get('requestId'),
  correlationId: c.get('correlationId'),
  method: c.req.method,
});
