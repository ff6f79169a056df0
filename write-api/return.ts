// Returns over HTTP: for the buyer who sends goods back, the seller who takes them, and staff who decide between the two.
import { Hono } from 'hono';
import { z } from 'zod';
import type { BlindIndex } from '../commands/contact.ts';
import { asBuyerOfOrder, asBuyerOfReturn } from '../commands/guest.ts';
import type { Handle } from '../commands/handle.ts';
import { moveReturn, requestReturn } from '../commands/return.ts';
import { Id } from '../domain/id.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { line, lines } from '../infra/http/text.ts';
import type { Seals } from '../infra/vault/port.ts';
import { askingOf } from './guest.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

export interface ReturnNeeds {
  readonly handle: Handle;
  readonly seals: Pick<Seals, 'seal'>;
  readonly blindIndex: BlindIndex;
}

const reason = z.string().regex(/^[a-z_]{1,40}$/, 'a word such as damaged or not_as_described');
const lineId = line(64);
const NewReturn = z.object({
  lines: z
    .array(z.object({ lineId, quantity: z.int().min(1).max(999) }))
    .min(1)
    .max(100),
  reason,
  note: lines(2_000).min(1).optional(),
});
const Inspection = z.object({
  conditions: z
    .array(z.object({ lineId, condition: z.enum(['sellable', 'damaged']) }))
    .min(1)
    .max(100),
  resolution: z.enum(['refund', 'replace', 'deny']),
  shipping: z.boolean().default(false),
  reason: reason.default('not_as_agreed'),
});
const Return = params(z.object({ returnId: Id }));

const ChangedReturn = written('ChangedReturn', { returnId: Id });
const RequestedReturn = written('RequestedReturn', { returnId: Id, status: z.literal('Requested') });

const errors = ['return.not_found', 'return.wrong_status'];

const bySeller = (handle: Handle) =>
  new Hono<WriteEnv>()
    .post(
      '/returns/:returnId/approval',
      allow('SELLER', { operation: 'approveReturn', answer: ChangedReturn, summary: 'Agree to a return.', owner: 'seller', errors }),
      Return,
      async (c) => {
        const command = { type: 'approve', sellerId: sellerOf(c), at: context(c).at } as const;
        return answer(c, 200, await moveReturn(handle, c.req.valid('param').returnId, command, context(c)), idAs('returnId'));
      },
    )
    .post(
      '/returns/:returnId/rejection',
      allow('SELLER', {
        operation: 'rejectReturn',
        answer: ChangedReturn,
        summary: 'Turn a return down; the buyer may escalate it.',
        owner: 'seller',
        errors,
      }),
      Return,
      body(z.object({ reason })),
      async (c) => {
        const command = { type: 'reject', sellerId: sellerOf(c), ...c.req.valid('json'), at: context(c).at } as const;
        return answer(c, 200, await moveReturn(handle, c.req.valid('param').returnId, command, context(c)), idAs('returnId'));
      },
    )
    .post(
      '/returns/:returnId/receipt',
      allow('SELLER', {
        operation: 'receiveReturn',
        answer: ChangedReturn,
        summary: 'Say that the goods have come back.',
        owner: 'seller',
        errors,
      }),
      Return,
      async (c) => {
        const command = { type: 'receive', sellerId: sellerOf(c), at: context(c).at } as const;
        return answer(c, 200, await moveReturn(handle, c.req.valid('param').returnId, command, context(c)), idAs('returnId'));
      },
    )
    .post(
      '/returns/:returnId/inspection',
      allow('SELLER', {
        operation: 'inspectReturn',
        answer: ChangedReturn,
        summary: 'Say what state the goods are in and what follows: goods go back on the shelf, money back to the buyer.',
        owner: 'seller',
        errors: [...errors, 'return.not_inspected'],
      }),
      Return,
      body(Inspection),
      async (c) => {
        const command = { type: 'inspect', sellerId: sellerOf(c), ...c.req.valid('json'), at: context(c).at } as const;
        return answer(c, 200, await moveReturn(handle, c.req.valid('param').returnId, command, context(c)), idAs('returnId'));
      },
    );

const byBuyer = ({ handle, seals, blindIndex }: ReturnNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/orders/:orderId/returns',
      allow('buyer', {
        operation: 'requestReturn',
        answer: RequestedReturn,
        summary: 'Ask to send goods back.',
        owner: 'buyer',
        status: 201,
        errors: [
          'order.not_found',
          'order.not_delivered',
          'order.return_window_closed',
          'payment.not_captured',
          'return.too_much',
          'request.conflict',
          'user.erased',
        ],
      }),
      params(z.object({ orderId: Id })),
      body(NewReturn),
      async (c) => {
        const { orderId } = c.req.valid('param');
        const { note: words, ...asked } = c.req.valid('json');
        const act = async (buyerId: string) => {
          const note = words === undefined ? null : await seals.seal(buyerId, words);
          return requestReturn(handle, orderId, { ...asked, note, buyerId }, context(c));
        };
        const requested = await asBuyerOfOrder(handle, askingOf(blindIndex, principalOf(c)), orderId, act);
        return answer(c, 201, requested, ({ id }) => ({ returnId: id, status: 'Requested' as const }));
      },
    )
    .post(
      '/returns/:returnId/escalation',
      allow('buyer', {
        operation: 'escalateReturn',
        answer: ChangedReturn,
        summary: 'Ask the platform to decide about a return that the seller turned down.',
        owner: 'buyer',
        errors,
      }),
      Return,
      async (c) => {
        const { returnId } = c.req.valid('param');
        const act = (buyerId: string) => moveReturn(handle, returnId, { type: 'escalate', buyerId, at: context(c).at }, context(c));
        return answer(c, 200, await asBuyerOfReturn(handle, askingOf(blindIndex, principalOf(c)), returnId, act), idAs('returnId'));
      },
    )
    .post(
      '/returns/:returnId/dispatch',
      allow('buyer', {
        operation: 'dispatchReturn',
        answer: ChangedReturn,
        summary: 'Say that the goods are on their way back.',
        owner: 'buyer',
        errors: [...errors, 'user.erased'],
      }),
      Return,
      body(z.object({ trackingNumber: line(64).optional() })),
      async (c) => {
        const { trackingNumber } = c.req.valid('json');
        const { returnId } = c.req.valid('param');
        const act = async (buyerId: string) => {
          const sent = trackingNumber === undefined ? {} : { trackingNumber: await seals.seal(buyerId, trackingNumber) };
          return moveReturn(handle, returnId, { type: 'send', buyerId, ...sent, at: context(c).at }, context(c));
        };
        return answer(c, 200, await asBuyerOfReturn(handle, askingOf(blindIndex, principalOf(c)), returnId, act), idAs('returnId'));
      },
    );

export const returnCommands = (needs: ReturnNeeds) =>
  new Hono<WriteEnv>()
    .route('/', byBuyer(needs))
    .route('/', bySeller(needs.handle))
    .post(
      '/returns/:returnId/decision',
      allow('ADMIN', { operation: 'decideReturn', answer: ChangedReturn, summary: 'Decide about an escalated return.', errors }),
      Return,
      body(z.object({ approve: z.boolean(), reason })),
      async (c) => {
        const command = { type: 'decide', ...c.req.valid('json'), at: context(c).at } as const;
        return answer(c, 200, await moveReturn(needs.handle, c.req.valid('param').returnId, command, context(c)), idAs('returnId'));
      },
    );
