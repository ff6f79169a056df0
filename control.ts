// The door for the command line: the process that owns the data answers operations on a port of its own, for this machine and this token only.
import { timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import { z } from 'zod';
import { DomainError } from './domain/error.ts';
import type { Logger } from './infra/telemetry/log.ts';
import type { Operated } from './marketplace.ts';
import { operations } from './operations.ts';

const Asked = z.strictObject({ operation: z.string(), input: z.record(z.string(), z.json()) });

/** What went wrong, as the last line of an answer. */
export const failure = (error: unknown): { code: string; message: string } => {
  if (error instanceof DomainError) return { code: error.code, message: error.message };
  if (error instanceof z.ZodError) return { code: 'control.bad_input', message: z.prettifyError(error) };
  return { code: 'server.failed', message: error instanceof Error ? error.message : String(error) };
};

/** The operation by that name. Throws control.unknown_operation. */
export const perform = (marketplace: Operated, name: string, input: unknown, signal: AbortSignal): AsyncIterable<object> => {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation)
    throw new DomainError('control.unknown_operation', `There is no operation ${name}; is the command line of another version?`);
  return operation.run(marketplace, input, signal);
};

const lines = (asked: (signal: AbortSignal) => AsyncIterable<object>): ReadableStream<Uint8Array> => {
  const stop = new AbortController();
  const encoder = new TextEncoder();
  let iterator: AsyncIterator<object> | null = null;
  return new ReadableStream({
    async pull(controller) {
      try {
        iterator ??= asked(stop.signal)[Symbol.asyncIterator]();
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
      } catch (error) {
        controller.enqueue(encoder.encode(`${JSON.stringify({ error: failure(error) })}\n`));
        controller.close();
      }
    },
    cancel() {
      stop.abort();
    },
  });
};

const isBearer = (request: Request, token: string): boolean => {
  const shown = Buffer.from(request.headers.get('authorization') ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
};

const answer = async (request: Request, marketplace: Operated, token: string): Promise<Response> => {
  if (!isBearer(request, token)) return new Response(null, { status: 401 });
  const asked = Asked.safeParse(await request.json().catch(() => null));
  if (!asked.success) return new Response(null, { status: 400 });
  const { operation, input } = asked.data;
  return new Response(
    lines((signal) => perform(marketplace, operation, input, signal)),
    { headers: { 'content-type': 'application/x-ndjson' } },
  );
};

/** Opens the door; `announce` is told where it is and answers the token that a caller must show. */
export const openControl = async (marketplace: Operated, log: Logger, announce: (url: string) => string) => {
  let token: string | null = null;
  const listening = Promise.withResolvers<number>();
  const server = serve(
    {
      fetch: (request) => (token === null ? new Response(null, { status: 503 }) : answer(request, marketplace, token)),
      hostname: '127.0.0.1',
      port: 0,
    },
    ({ port }) => listening.resolve(port),
  );
  server.once('error', listening.reject);
  const url = `http://127.0.0.1:${await listening.promise}/`;
  token = announce(url);
  log.debug({ url }, 'the command line may call');
  return {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
};
