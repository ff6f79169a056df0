// Headers where Node keeps them: read and written there, a header costs a tenth of what it costs on a Request or a Response.
import type { Context } from 'hono';
import type { Env } from './env.ts';

type C = Pick<Context<Env>, 'env' | 'req' | 'header'>;

/** A header of the request; `name` in lower case. On Node it is read where the parser put it, and its name is not checked again. */
export const given = (c: C, name: string): string | undefined => {
  const { incoming } = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** Sets a header of an answer that is still to come. One that is set after it would turn the answer into a web Response, to be read back. */
export const early = (c: C, name: string, value: string): void => {
  const { outgoing } = c.env ?? {};
  if (outgoing) outgoing.setHeader(name, value);
  else c.header(name, value);
};
