import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { noon } from '../payment/sale.fixture.ts';
import type { ReturnEvent } from './events.ts';
import { type ReturnCommand, returns } from './return.ts';

const returnUntil = '2026-01-08T12:00:00.000Z';
const ids = { returnId: 'r1', orderId: 'o1', checkoutId: 'c1', buyerId: 'b1', sellerId: 's1' };
const common = { ...ids, at: noon };
const lines = [{ lineId: 'l1', stockId: 'v1.main', quantity: 1 }];
const request: Extract<ReturnCommand, { type: 'request' }> = { type: 'request', ...common, lines, reason: 'damaged', returnUntil };
const requested: ReturnEvent = { type: 'return.requested', ...common, lines, reason: 'damaged' };
const approved: ReturnEvent = { type: 'return.approved', ...common, by: 'seller' };
const rejected: ReturnEvent = { type: 'return.rejected', ...common, reason: 'used' };
const escalated: ReturnEvent = { type: 'return.escalated', ...common };
const sent: ReturnEvent = { type: 'return.sent', ...common };
const received: ReturnEvent = { type: 'return.received', ...common };
const inspected = (resolution: 'refund' | 'replace' | 'deny'): ReturnEvent => ({
  type: 'return.inspected',
  ...common,
  lines: [{ lineId: 'l1', stockId: 'v1.main', quantity: 1, condition: 'sellable' }],
  resolution,
  shipping: false,
});
const inspect = (resolution: 'refund' | 'replace' | 'deny'): Extract<ReturnCommand, { type: 'inspect' }> => ({
  type: 'inspect',
  sellerId: 's1',
  conditions: [{ lineId: 'l1', condition: 'sellable' }],
  resolution,
  shipping: false,
  at: noon,
});

describe('a return', () => {
  it('is requested within the window', () => given(returns).when(request).then(requested));
  it('not afterwards', () =>
    given(returns)
      .when({ ...request, at: returnUntil })
      .refuses('order.return_window_closed'));
  it('is approved', () => given(returns, requested).when({ type: 'approve', sellerId: 's1', at: noon }).then(approved));
  it('is rejected', () => given(returns, requested).when({ type: 'reject', sellerId: 's1', reason: 'used', at: noon }).then(rejected));
  it('goes to somebody above when rejected', () =>
    given(returns, requested, rejected).when({ type: 'escalate', buyerId: 'b1', at: noon }).then(escalated));
  it('is decided there', () => {
    const decide = { type: 'decide', reason: 'no_proof', at: noon } as const;
    given(returns, requested, rejected, escalated)
      .when({ ...decide, approve: true })
      .then({ ...approved, by: 'admin' });
    given(returns, requested, rejected, escalated)
      .when({ ...decide, approve: false })
      .then({ type: 'return.denied', ...common, reason: 'no_proof' });
  });
  it('is sent and received', () => {
    given(returns, requested, approved).when({ type: 'send', buyerId: 'b1', at: noon }).then(sent);
    given(returns, requested, approved, sent).when({ type: 'receive', sellerId: 's1', at: noon }).then(received);
  });
  it('is inspected: the money goes back', () => {
    given(returns, requested, approved, sent, received).when(inspect('refund')).then(inspected('refund'));
    given(returns, requested, approved, sent, received, inspected('refund'))
      .when({ type: 'settle', at: noon })
      .then({ type: 'return.refunded', ...common });
  });
  it('is inspected: the goods are replaced', () =>
    given(returns, requested, approved, sent, received)
      .when(inspect('replace'))
      .then(inspected('replace'), { type: 'return.replaced', ...common }));
  it('is inspected: nothing is given back', () =>
    given(returns, requested, approved, sent, received)
      .when(inspect('deny'))
      .then(inspected('deny'), { type: 'return.denied', ...common, reason: 'not_as_agreed' }));
  it('is not inspected by halves', () =>
    given(returns, requested, approved, sent, received)
      .when({ ...inspect('refund'), conditions: [] })
      .refuses('return.not_inspected'));
  it('is not found by anybody but its buyer and its seller', () => {
    given(returns, requested).when({ type: 'approve', sellerId: 's2', at: noon }).refuses('return.not_found');
    given(returns, requested, rejected).when({ type: 'escalate', buyerId: 'b2', at: noon }).refuses('return.not_found');
  });
  it('skips no step', () => given(returns, requested).when({ type: 'receive', sellerId: 's1', at: noon }).refuses('return.wrong_status'));
});
