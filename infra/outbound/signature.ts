// Signs webhooks and proves them: `X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.rawBody">`.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { NoticeRejected } from './errors.port.ts';

export const signatureHeader = 'x-signature';

const hmac = (secret: string, seconds: string, rawBody: string | Uint8Array) =>
  createHmac('sha256', secret).update(`${seconds}.`).update(rawBody).digest();

/** The header's value for `rawBody` sent at `now` (ms since the epoch). */
export const sign = (secret: string, rawBody: string | Uint8Array, now: number): string => {
  const seconds = String(Math.floor(now / 1000));
  return `t=${seconds},v1=${hmac(secret, seconds, rawBody).toString('hex')}`;
};

/**
 * What the marketplace shows a simulated provider, so that nobody else on this machine or network tells it that something was paid. Made of
 * the webhooks' secret, which both know wherever they run.
 */
export const callerToken = (secret: string): string =>
  createHmac('sha256', secret).update('caller of a simulated provider').digest('base64url');

/** Whether an Authorization header shows that token. Compares in constant time. */
export const isCaller = (secret: string, authorization: string | undefined): boolean => {
  const shown = Buffer.from(authorization ?? '');
  const expected = Buffer.from(`Bearer ${callerToken(secret)}`);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
};

const headerShape = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** Throws NoticeRejected unless `rawBody` was signed with `secret` less than `toleranceSeconds` from `now` (ms). Compares in constant time. */
export const verifySignature = (
  secret: string,
  header: string | null,
  rawBody: Uint8Array,
  now: number,
  toleranceSeconds: number,
): void => {
  const [, seconds, signature] = headerShape.exec(header ?? '') ?? [];
  if (seconds === undefined || signature === undefined) throw new NoticeRejected('unsigned', 'The webhook carries no readable signature.');
  if (!timingSafeEqual(hmac(secret, seconds, rawBody), Buffer.from(signature, 'hex'))) {
    throw new NoticeRejected('forged', 'The signature does not match the body.');
  }
  // After the comparison: whether a time stamp is fresh is told only to who could sign it.
  if (Math.abs(now / 1000 - Number(seconds)) > toleranceSeconds)
    throw new NoticeRejected('stale', 'The signature is too old or from the future.');
};

// Without `fatal` it would put U+FFFD where bytes mean nothing. A byte order mark is passed over.
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Verifies first and parses only then; `schema` says what a notice of this provider looks like. */
export const readSigned = <Schema extends z.ZodType>(
  schema: Schema,
  webhook: { headers: Pick<Headers, 'get'>; rawBody: Uint8Array; now: number },
  trust: { secret: string; toleranceSeconds: number },
): z.infer<Schema> => {
  verifySignature(trust.secret, webhook.headers.get(signatureHeader), webhook.rawBody, webhook.now, trust.toleranceSeconds);
  try {
    return schema.parse(JSON.parse(utf8.decode(webhook.rawBody)));
  } catch (error) {
    throw new NoticeRejected('unreadable', error instanceof Error ? error.message : 'not JSON');
  }
};
