// What went into the development outbox, rendered. This exists outside production only.

import { Hono } from 'hono';
import { z } from 'zod';
import { Moment } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { guestBuyerId } from '../infra/http/guest.ts';
import { query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { listSchema } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { RenderedMail } from '../infra/outbound/mail.port.ts';
import { json } from './http.ts';

const Mail = z
  .object({ messageId: z.string(), to: z.string(), subject: z.string(), text: z.string(), at: Moment })
  .meta({ id: 'Mail', description: 'As its reader has it.' });

export const mailQueries = (
  readMails: (userId: string, limit: number) => Promise<RenderedMail[]>,
  blindIndex: (kind: string, value: string) => string,
) =>
  new Hono<Env>().get(
    '/dev/mails',
    allow('buyer', {
      operation: 'listMyMails',
      answer: listSchema(Mail),
      summary:
        'My mails as they went out, newest first; with the role SUPER_ADMIN those of `userId`; for a guest, those of the purchase `checkoutId`. Not in production.',
    }),
    query(
      z.object({
        userId: z.string().min(1).max(64).optional(),
        checkoutId: z.string().min(1).max(64).optional(),
        limit: wholeNumber(1, 100).default(20),
      }),
    ),
    async (c) => {
      const { userId, checkoutId, limit } = c.req.valid('query');
      const principal = principalOf(c);
      const own =
        principal.kind === 'guest' && principal.purchaseId === undefined && checkoutId !== undefined
          ? guestBuyerId(blindIndex, principal.id, checkoutId)
          : principal.id;
      const whose = principal.roles.includes('SUPER_ADMIN') ? (userId ?? own) : own;
      return json(c, jsonText({ items: await readMails(whose, limit) }));
    },
  );
