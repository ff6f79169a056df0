import type { Context } from 'hono';
export type Request = Context;
