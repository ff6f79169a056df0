// Queries of invitations to work in a shop: those that somebody has received, and those that a shop has sent.
import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import { Moment, StoreCard } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { InvitationRow } from '../projections/seller/invitations.ts';
import type { StoreRow } from '../projections/seller/stores.ts';
import { json, page, pageText, rowsOf } from './http.ts';

export interface InvitationQueriesDeps {
  readonly tables: TableReader;
  readonly seals: Pick<Seals, 'open'>;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

const Invitation = z
  .object({ invitationId: Id, sellerId: Id, store: StoreCard.nullable(), invitedAt: Moment, expiresAt: Moment })
  .meta({ id: 'Invitation' });
const SentInvitation = z
  .object({
    invitationId: Id,
    userId: Id.nullable().describe('Null where an address was invited.'),
    email: z.string().nullable().describe('Null where a user was invited, and when the person has been erased.'),
    status: z.enum(['Pending', 'Accepted', 'Declined', 'Revoked']),
    invitedAt: Moment,
    expiresAt: Moment,
  })
  .meta({ id: 'SentInvitation' });

const received = ({ tables, now }: InvitationQueriesDeps) =>
  new Hono<Env>().get(
    '/users/me/invitations',
    allow('signed-in', {
      summary: 'Invitations to work in a shop that can still be accepted, the latest first.',
      owner: 'self',
      operation: 'listMyInvitations',
      answer: pageSchema(Invitation),
    }),
    query(z.object(paging)),
    async (c) => {
      const where = { memberId: principalOf(c).id, status: 'Pending', expiresAt: { from: new Date(now()).toISOString() } };
      const asked = c.req.valid('query');
      const { rows, next } = await rowsOf(tables, 'seller-invitations', { where, order: [['invitedAt', 'desc']] }, asked);
      const found = rows.map(({ row }) => JSON.parse(row) as InvitationRow);
      const stores = await tables.getMany(
        'seller-stores',
        found.map(({ sellerId }) => sellerId),
      );
      const storeOf = (sellerId: string) => {
        const text = stores.get(sellerId);
        if (text === undefined) return null;
        const { storeName: name, slug } = JSON.parse(text) as StoreRow;
        return { sellerId, name, slug };
      };
      const items = found.map(({ invitationId, sellerId, invitedAt, expiresAt }) =>
        jsonText({ invitationId, sellerId, store: storeOf(sellerId), invitedAt, expiresAt }),
      );
      return json(c, pageText(items, next));
    },
  );

const sent = ({ tables, seals }: InvitationQueriesDeps) =>
  new Hono<Env>().get(
    '/sellers/me/invitations',
    allow('SELLER', {
      summary: 'Invitations that the own shop has sent, the latest first: to whom, as they were addressed, and what came of them.',
      owner: 'seller',
      operation: 'listSentInvitations',
      answer: pageSchema(SentInvitation),
    }),
    query(z.object(paging)),
    async (c) => {
      const shown = async ({ invitationId, memberId, email, status, invitedAt, expiresAt }: InvitationRow) => {
        const who = { userId: email === null ? memberId : null, email: email && ((await seals.open(email)) as string | null) };
        return jsonText({ invitationId, ...who, status, invitedAt, expiresAt });
      };
      const mine = { where: { shop: sellerOf(c) }, order: [['invitedAt', 'desc']] } as const;
      return json(
        c,
        await page(tables, 'seller-invitations', mine, c.req.valid('query'), ({ row }) => shown(JSON.parse(row) as InvitationRow)),
      );
    },
  );

export const invitationQueries = (deps: InvitationQueriesDeps) => new Hono<Env>().route('/', received(deps)).route('/', sent(deps));
