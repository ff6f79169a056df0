// What every command over HTTP has in common: its id from the client's key, its context, and an answer made of its events.
import { hash } from 'node:crypto';
import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Context, Result } from '../commands/handle.ts';
import { derivedUuid } from '../commands/ids.ts';
import { DomainError } from '../domain/error.ts';
import type { Actor } from '../domain/metadata.ts';
import { positionText } from '../domain/position.ts';
import type { EventStore, KnownCommand } from '../infra/event-store/port.ts';
import type { Env } from '../infra/http/env.ts';
import { errorOf } from '../infra/http/errors.ts';
import { mustSayNothing } from '../infra/http/input.ts';
import type { Answers, Said } from '../infra/http/json.ts';
import { problem } from '../infra/http/problem.ts';
import { bodyText } from '../infra/http/request-body.ts';
import { routeReached } from '../infra/http/routes.ts';
import { early, given } from '../infra/http/wire.ts';

/** What the key of a request has become: set by `idempotent`, read by `context` and `answer`. */
interface Keyed {
  readonly commandId: string;
  readonly fingerprint: string;
  readonly at: string;
  readonly known: KnownCommand | null;
  /** An answer that rests on no event must be kept, or a repeat could not give it again. */
  keep?: string;
}

export interface WriteEnv extends Env {
  Variables: Env['Variables'] & { keyed?: Keyed; at?: string; logId?: string };
}

type C = HonoContext<WriteEnv>;

interface StoredAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, string>;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const printable = /^[\x21-\x7e]{1,128}$/;
const jsonType = { 'content-type': 'application/json' };
/** How long a repeat waits for the first run of the same key, in milliseconds. */
const patience = 2_000;

const keyOf = (c: C): string => {
  const key = given(c, 'idempotency-key');
  if (key === undefined || key === '') {
    throw new DomainError(
      'idempotency.key_missing',
      'Send an Idempotency-Key: any new text of your own, such as a UUID, and the same one when you retry.',
    );
  }
  const guest = c.get('principal')?.kind !== 'user';
  if (guest ? !uuid.test(key) : !printable.test(key)) {
    throw new DomainError(
      'idempotency.key_invalid',
      guest ? 'Without a sign-in the Idempotency-Key must be a UUID.' : 'An Idempotency-Key has 1 to 128 printable ASCII characters.',
    );
  }
  return key;
};

const subjectOf = (c: C) => {
  const principal = c.get('principal');
  return principal ? `${principal.kind}:${principal.id}` : 'anybody';
};

const replayed = (outcome: string): Response => {
  const { status, body, headers } = JSON.parse(outcome) as StoredAnswer;
  return new Response(body, { status, headers: { ...headers, 'idempotent-replayed': 'true' } });
};

/** Refusals by a rule of the business are given again; what the next attempt may change (sign-in, limits, load, bad input) is not. */
const isKept = (status: number, code: string) =>
  status >= 402 && status < 500 && status !== 403 && status !== 413 && status !== 415 && status !== 429 && !/^(request|log)\./.test(code);

/** The first answer is awaited; a repeat that arrives meanwhile waits for it, up to 2 s. */
const running = new Map<string, { readonly fingerprint: string; readonly done: Promise<unknown> }>();

const mismatch = () =>
  new DomainError('idempotency.key_reused', 'This Idempotency-Key came before with another path or body; use a new one.');

const waitFor = async (done: Promise<unknown>) => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), patience);
  });
  const first = await Promise.race([
    done.then(
      () => 'done',
      () => 'done',
    ),
    late,
  ]);
  clearTimeout(timer);
  if (first === 'late')
    throw new DomainError('idempotency.in_progress', 'The first request with this key is still running.', { retryAfter: 1 });
};

/**
 * Gives every command its id: UUIDv5 of subject, method, route and Idempotency-Key. The same key with another path or body is
 * refused; a repeat gets the first answer, from the log where there are events, else from the key store. `secret` goes into what is kept
 * of a body: it may hold a password, which a bare hash would let anybody guess who reads the store.
 */
export const idempotent =
  (store: Pick<EventStore, 'known' | 'keepOutcome' | 'logId'>, now: () => number, secret: string): MiddlewareHandler<WriteEnv> =>
  async (c, next) => {
    c.set('logId', store.logId);
    const at = new Date(now()).toISOString();
    c.set('at', at);
    const route = routeReached(c);
    if (!route?.keyed) return next();
    const key = keyOf(c);
    const commandId = derivedUuid('http', subjectOf(c), route.method, route.path, key);
    const text = await bodyText(c, route.maxBody ?? undefined);
    if (!route.body) mustSayNothing(c, text);
    const fingerprint = hash('sha256', `${secret}\n${c.req.path}\n${text}`, 'base64url');
    const other = running.get(commandId);
    if (other) {
      if (other.fingerprint !== fingerprint) throw mismatch();
      await waitFor(other.done);
    }
    let finish = () => {};
    running.set(commandId, {
      fingerprint,
      done: new Promise<void>((resolve) => {
        finish = resolve;
      }),
    });
    try {
      const known = c.get('principal')?.isNew ? null : await store.known(commandId);
      if (known && known.fingerprint !== fingerprint) throw mismatch();
      if (known?.outcome) return replayed(known.outcome);
      const keyed: Keyed = { commandId, fingerprint, at, known };
      c.set('keyed', keyed);
      await next();
      const refusal = c.error instanceof DomainError ? c.error : null;
      if (refusal && isKept(errorOf(refusal.code).status, refusal.code)) {
        const told = problem(refusal.code, refusal.message, refusal.details, c.get('requestId'));
        keyed.keep = JSON.stringify({
          status: told.status,
          body: JSON.stringify(told),
          headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
        });
      }
      // NOTE: an answer in the key store would hide the events that this command is known to have.
      if (keyed.keep !== undefined && !known?.streamId) store.keepOutcome({ commandId, fingerprint, at }, keyed.keep);
      return;
    } finally {
      finish();
      running.delete(commandId);
    }
  };

const actorOf = (c: C): Actor => {
  const principal = c.get('principal');
  return principal ? { kind: principal.kind, id: principal.id } : { kind: 'guest', id: 'anybody' };
};

/**
 * Taken by commands that have a key: a sign-in or a webhook is about no resource that its sender has read.
 * An ETag of a page that shows more than its stream (a product with its store) has a mark after the revision.
 */
const ifMatchOf = (c: C): { ifMatch: number } | Record<never, never> => {
  const header = given(c, 'if-match');
  if (header === undefined || header === '*') return {};
  const revision = /^"(\d+)(?:-[\w-]+)?"$/.exec(header)?.[1];
  if (revision === undefined) throw new DomainError('request.bad_if_match', 'If-Match takes the ETag of an earlier answer, such as "3".');
  return { ifMatch: Number(revision) };
};

/** The context of this request's command: id, actor, time, and what the key store knows of it. */
export const context = (c: C): Context => {
  const keyed = c.get('keyed');
  const at = c.get('at') ?? new Date().toISOString();
  const correlationId = c.get('correlationId');
  const commandId = keyed?.commandId ?? derivedUuid('http', c.get('requestId'));
  const known = keyed?.known;
  return {
    commandId,
    correlationId,
    causationId: commandId,
    actor: actorOf(c),
    at,
    ...(keyed && ifMatchOf(c)),
    ...(keyed && { key: { commandId, fingerprint: keyed.fingerprint, at: keyed.at } }),
    ...(known?.streamId && { prior: { streamId: known.streamId, first: known.firstRevision, count: known.count } }),
  };
};

/**
 * The schema of the answer of an accepted command, under this name: `fields`, and where the log has it.
 * `revision` is what If-Match takes, `position` what `minPosition` of a read takes to show at least this.
 */
export const written = <S extends z.ZodRawShape>(id: string, fields: S) =>
  z.object({ ...fields, revision: z.int().min(-1), position: z.string() }).meta({ id });

/** The id of the result's resource by its name: `idAs('productId')` answers `{ productId }`. */
export const idAs =
  <Name extends string>(name: Name) =>
  ({ id }: { readonly id: string }) =>
    ({ [name]: id }) as Record<Name, string>;

/** An answer that is not the result of a command on one stream. */
export const reply = <T>(
  c: C & Answers<T>,
  status: 200 | 201 | 202,
  value: Said<NoInfer<T>>,
  headers: Record<string, string> = {},
): Response => c.body(JSON.stringify(value), status, { ...jsonType, ...headers });

/** What a command's answer says besides where the log has it. */
type Unwritten<T> = T extends unknown ? Omit<T, 'revision' | 'position'> : never;

/**
 * The answer of an accepted command, a function of its events alone: the body plus the position after it, ETag = the stream's
 * revision. `body` gets the result and answers the fields of the resource.
 */
export const answer = <T, Event>(
  c: C & Answers<T>,
  status: 200 | 201 | 202,
  result: Result<Event>,
  body: (result: Result<Event>) => Said<Unwritten<NoInfer<T>>>,
): Response => {
  const position = positionText(c.get('logId') ?? '', result.position);
  const text = JSON.stringify({ ...body(result), revision: result.revision, position });
  const etag = `"${result.revision}"`;
  const keyed = c.get('keyed');
  if (keyed && result.events.length === 0) keyed.keep = JSON.stringify({ status, body: text, headers: { ...jsonType, etag, position } });
  early(c, 'etag', etag);
  early(c, 'position', position);
  if (result.replayed) early(c, 'idempotent-replayed', 'true');
  return c.body(text, status, jsonType);
};
