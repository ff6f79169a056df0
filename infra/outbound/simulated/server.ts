// Serves a simulated provider on a loopback port and closes it again.
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { isCaller } from '../signature.ts';
import { Faults } from '../simulation.ts';
import type { ProviderEnv, Switchboard } from './faults.ts';

/** A provider's own refusal: status and code go to the caller. */
export class Refusal extends Error {
  readonly status: 400 | 404 | 409 | 422;
  readonly code: string;

  constructor(status: Refusal['status'], code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * An app that knows its faults (`GET` and `PUT /faults`), and answers refusals and unreadable bodies as `{code, message}`. It listens to the
 * marketplace alone, which shows that it knows `secret`.
 */
export const providerApp = (board: Switchboard, secret: string) =>
  new Hono<ProviderEnv>()
    .onError((error, c) => {
      if (error instanceof Refusal) return c.json({ code: error.code, message: error.message }, error.status);
      if (error instanceof z.ZodError || error instanceof SyntaxError)
        return c.json({ code: 'invalid_request', message: error.message }, 400);
      return c.json({ code: 'internal', message: 'Something broke.' }, 500);
    })
    .notFound((c) => c.json({ code: 'not_found', message: 'There is nothing here.' }, 404))
    .use(async (c, next) =>
      isCaller(secret, c.req.header('authorization'))
        ? next()
        : c.json({ code: 'not_authorized', message: 'Only the marketplace may call: simulate through its API.' }, 401),
    )
    .get('/faults', (c) => c.json(board.current()))
    .put('/faults', async (c) => {
      board.set(Faults.parse(await c.req.json()));
      return c.json(board.current());
    });

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 only. Port 0 takes a free one. */
export const listen = (app: { fetch: Hono<ProviderEnv>['fetch'] }, port: number): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = serve(
      // Longer than any caller keeps an idle connection, so that none is closed in the moment in which it is used again.
      { fetch: app.fetch, port, hostname: '127.0.0.1', serverOptions: { keepAliveTimeout: 75_000 } },
      (address: AddressInfo) =>
        resolve({
          url: `http://127.0.0.1:${address.port}`,
          close: () =>
            new Promise((done) => {
              server.close(() => done());
              if ('closeAllConnections' in server) server.closeAllConnections();
            }),
        }),
    );
    server.once('error', reject);
  });

/** Closes once, however often it is asked to. */
export const closeOnce = (close: () => Promise<void>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
};
