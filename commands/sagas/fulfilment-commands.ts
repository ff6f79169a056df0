// Which command each task of a fulfilment sends, and to whom.
import type { FulfilmentEvent, Task } from '../../domain/fulfilment/events.ts';
import type { Fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import type { LedgerCommand } from '../../domain/ledger/ledger.ts';
import type { OrderCommand } from '../../domain/order/commands.ts';
import type { PaymentCommand } from '../../domain/payment/commands.ts';
import type { ReturnCommand } from '../../domain/return/return.ts';
import type { StockCommand } from '../../domain/stock/stock.ts';
import type { AskCourier, BookCourier } from './outbound.ts';
import type { Send } from './saga.ts';

const toStock = (id: string, command: StockCommand): Send => ({ target: 'stock', id, command });
const toOrder = (id: string, command: OrderCommand): Send => ({ target: 'order', id, command });
const toPayment = (id: string, command: PaymentCommand): Send => ({ target: 'payment', id, command });

export const sendOf = (state: Fulfilment, intent: Extract<FulfilmentEvent, { type: 'fulfilment.requested' }>): Send => {
  const { task, at, orderId } = intent;
  const paymentId = state.terms?.paymentId ?? '';
  switch (task.do) {
    case 'expire':
    case 'ship':
    case 'deliver':
    case 'return':
    case 'complete':
      return toOrder(orderId, task.do === 'ship' ? { type: 'ship', shipmentId: orderId, at } : { type: task.do, at });
    case 'cancel':
      return toOrder(orderId, { type: 'cancel', by: 'system', reason: 'refunded', at });
    case 'ask_courier': {
      const command: AskCourier = { type: 'ask', shipmentId: orderId, at };
      return { target: 'courier', id: orderId, command };
    }
    case 'fail_delivery':
      return toOrder(orderId, { type: 'fail_delivery', reason: 'courier', at });
    case 'collect':
      // NOTE: the courier hands on what it collects with the same notice; where one settles later, `remitted` is false and `remit` follows.
      return toPayment(paymentId, { type: 'collect', orderId, remitted: true, at });
    case 'void_part':
      return toPayment(paymentId, { type: 'void_part', orderId, at });
    case 'refund': {
      const { refundId, of, reason } = task;
      return toPayment(paymentId, { type: 'request_refund', refundId, orderId, of, atMost: true, reason, at });
    }
    case 'consume':
    case 'release':
      return toStock(task.stockId, { type: task.do, holdId: task.holdId, at });
    case 'restock': {
      const { stockId, movementId, quantity, condition } = task;
      return toStock(stockId, { type: 'return', movementId, orderId, quantity, condition, at });
    }
    case 'settle_return': {
      const command: ReturnCommand = { type: 'settle', at };
      return { target: 'return', id: task.returnId, command };
    }
    case 'book': {
      const { do: _do, refundId, ...booked } = task;
      const command: LedgerCommand = { type: 'book', ...booked, orderId, ...(refundId !== undefined && { refundId }), valueAt: at, at };
      return { target: 'ledger', id: task.ledgerId, command };
    }
    case 'book_courier':
      return { target: 'courier', id: task.shipmentId, command: courierBooking(state, intent, task) };
    default:
      return task satisfies never;
  }
};

const courierBooking = (
  { terms }: Fulfilment,
  { address, orderId, at }: Extract<FulfilmentEvent, { type: 'fulfilment.requested' }>,
  { shipmentId, shipping }: Extract<Task, { do: 'book_courier' }>,
): BookCourier => {
  if (!terms || address === undefined) throw new Error('a courier is booked for a confirmed order with its address alone');
  const { checkoutId, buyerId, sellerId, cod } = terms;
  return { type: 'book', shipmentId, orderId, checkoutId, buyerId, sellerId, ...shipping, address, cod, at };
};
