// What went into the development outbox, rendered. This exists outside production only.
import { Hono } from 'hono';
import { z } from 'zod';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { RenderedMail } from '../infra/outbound/mail.port.ts';
import { json } from './http.ts';

export const mailQueries = (readMails: (userId: string, limit: number) => Promise<RenderedMail[]>) =>
  new Hono<Env>().get(
    '/dev/mails',
    allow('signed-in', {
      summary: 'My mails as they went out, newest first; with the role SUPER_ADMIN those of `userId`. Not in production.',
    }),
    query(z.object({ userId: z.string().min(1).max(64).optional(), limit: z.coerce.number().int().min(1).max(100).default(20) })),
    async (c) => {
      const { userId, limit } = c.req.valid('query');
      const principal = principalOf(c);
      const whose = principal.roles.includes('SUPER_ADMIN') ? (userId ?? principal.id) : principal.id;
      return json(c, JSON.stringify({ items: await readMails(whose, limit) }));
    },
  );
