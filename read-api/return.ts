// Queries about returns: a buyer's own, a seller's work list, and what staff have to decide. The buyer's words are opened for these alone.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Moment, type Revised, revised } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { type JsonText, jsonText, storedText } from '../infra/http/json.ts';
import { page as pageFields, pageSchema } from '../infra/http/pages.ts';
import { allow, isAllowed, principalOf, sellerOf } from '../infra/http/policy.ts';
import type { Query, TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { ReturnRow } from '../projections/return/returns.ts';
import type { Buyers } from './buyers.ts';
import { json, page, tagged } from './http.ts';

const statuses = [
  'Requested',
  'Approved',
  'Rejected',
  'Escalated',
  'InTransit',
  'Received',
  'Inspected',
  'Refunded',
  'Replaced',
  'Denied',
] as const satisfies readonly ReturnRow['status'][];
const Return = z
  .object({
    returnId: Id,
    orderId: Id,
    checkoutId: z.string(),
    buyerId: z.string(),
    sellerId: z.string(),
    status: z.enum(statuses),
    lines: z.array(
      z.object({ lineId: z.string(), stockId: z.string(), quantity: z.int(), condition: z.enum(['sellable', 'damaged']).optional() }),
    ),
    reason: z.string(),
    note: z.string().nullable().describe("The buyer's own words."),
    refusal: z.string().nullable().describe('Why the seller or the platform said no.'),
    trackingNumber: z.string().nullable(),
    resolution: z.enum(['refund', 'replace', 'deny']).nullable(),
    requestedAt: Moment,
    history: z.array(z.object({ status: z.enum(statuses), at: Moment })),
    ...revised,
  })
  .meta({ id: 'Return' });
type Shown = Omit<ReturnRow, 'note' | 'trackingNumber'> &
  Revised & { readonly note: string | null; readonly trackingNumber: string | null };

const List = query(z.object({ ...pageFields, status: z.enum(statuses).optional() }));

export const returnQueries = (tables: TableReader, seals: Pick<Seals, 'open'>, buyers: Buyers) => {
  const opened = async (text: string): Promise<JsonText<Shown>> => {
    const row = JSON.parse(text) as ReturnRow & Revised;
    const { note, trackingNumber } = row;
    if (note === null && trackingNumber === null) return storedText(text);
    return jsonText({
      ...row,
      note: note && ((await seals.open(note)) as string | null),
      trackingNumber: trackingNumber && ((await seals.open(trackingNumber)) as string | null),
    });
  };
  const list = (
    where: NonNullable<Query['where']>,
    asked: { limit: number; cursor?: string | undefined; status?: string | undefined },
    rows: TableReader = tables,
  ) =>
    page(
      rows,
      'return-returns',
      { where: { ...where, ...(asked.status !== undefined && { status: asked.status }) }, order: [['requestedAt', 'desc']] },
      asked,
      ({ row }) => opened(row),
    );

  return new Hono<Env>()
    .get(
      '/returns',
      allow('buyer', { operation: 'listMyReturns', answer: pageSchema(Return), summary: 'My returns, the newest first.', owner: 'buyer' }),
      List,
      async (c) => json(c, await list({ buyerId: await buyers.of(principalOf(c)) }, c.req.valid('query'))),
    )
    .get(
      '/sellers/me/returns',
      allow('SELLER', {
        operation: 'listSellerReturns',
        answer: pageSchema(Return),
        summary: "The shop's returns, the newest first.",
        owner: 'seller',
      }),
      List,
      async (c) => json(c, await list({ sellerId: sellerOf(c) }, c.req.valid('query'), tables.asSeller(sellerOf(c)))),
    )
    .get(
      '/admin/returns',
      allow('ADMIN', {
        operation: 'listReturns',
        answer: pageSchema(Return),
        summary: 'All returns of a status, the newest first: `Escalated` waits for us.',
      }),
      List,
      async (c) => json(c, await list({}, { ...c.req.valid('query'), status: c.req.valid('query').status ?? 'Escalated' })),
    )
    .get(
      '/returns/:returnId',
      allow('buyer', {
        operation: 'getReturn',
        answer: Return,
        summary: 'A return.',
        owner: 'buyer or seller',
        errors: ['return.not_found'],
      }),
      params(z.object({ returnId: Id })),
      async (c) => {
        const text = await tables.get('return-returns', c.req.valid('param').returnId);
        const principal = principalOf(c);
        const row = text === null ? null : (JSON.parse(text) as ReturnRow);
        const isTheirs =
          row && (row.sellerId === principal.sellerId || isAllowed(['ADMIN'], principal) || (await buyers.isBuyer(principal, row)));
        if (text === null || !isTheirs) throw new DomainError('return.not_found', 'There is no such return.');
        return json(c, await opened(tagged(c, text)));
      },
    );
};
