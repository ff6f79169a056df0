// Queries of orders: the buyer's own, the seller's work by deadline, one order with its address, its story, and live changes.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Recorded } from '../domain/metadata.ts';
import type { Revised } from '../infra/http/answers.ts';
import type { Env, Principal } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, isAllowed, principalOf, sellerOf } from '../infra/http/policy.ts';
import type { EventStreams } from '../infra/http/sse.ts';
import type { Query, TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { OrderRow, OrderStatus } from '../projections/order/orders.ts';
import type { TimelineRow } from '../projections/order/timelines.ts';
import type { CardRow } from '../projections/product/cards.ts';
import type { StoreRow } from '../projections/product/stores.ts';
import { type DeliveryAddress, ListedOrder, Order, OrderTimeline, statuses } from './answers/order.ts';
import type { Buyers } from './buyers.ts';
import { json, rowsOf, tagged } from './http.ts';

const OrderParam = params(z.object({ orderId: Id }));
const List = query(z.object({ ...paging, minPosition: z.string().optional(), status: z.enum(statuses).optional() }));

/** Whose eyes: an order looks different to its buyer, its seller and the platform's staff; to others there is none. */
type Eyes = 'buyer' | 'seller' | 'staff';

const eyesOf = ({ id, sellerId, roles, kind }: Principal, order: { buyerId: string; sellerId: string }): Eyes | null => {
  if (order.buyerId === id) return 'buyer';
  if (order.sellerId === sellerId) return 'seller';
  return isAllowed(['ADMIN'], { id, roles, kind }) ? 'staff' : null;
};

type Row = OrderRow & Revised;
type Line = Row['lines'][number];
type ShownLine = Omit<Line, 'commission'> & Partial<Pick<Line, 'commission'>>;
type Shown = Omit<Row, 'address' | 'lines'> & { readonly lines: readonly ShownLine[] };

/** What the platform keeps is between it and the seller; where the parcel goes, between buyer and seller. */
const shown = ({ address: _address, ...row }: Row, eyes: Eyes): Shown => {
  if (eyes !== 'buyer') return row;
  return { ...row, lines: row.lines.map(({ commission: _commission, ...line }) => line) };
};

const distinct = (values: readonly string[]) => [...new Set(values)];

/** A page of orders as a list shows them: each with its shop and the picture of its first line. */
const listed = async (tables: TableReader, eyes: Eyes, query: Omit<Query, 'after' | 'limit'>, asked: Parameters<typeof rowsOf>[3]) => {
  const { rows, next } = await rowsOf(tables, 'order-orders', query, asked);
  const orders = rows.map(({ row }) => JSON.parse(row) as Row);
  const [stores, cards] = await Promise.all([
    tables.getMany('product-stores', distinct(orders.map(({ sellerId }) => sellerId))),
    tables.getMany('product-cards', distinct(orders.flatMap(({ lines }) => lines.slice(0, 1).map(({ productId }) => productId)))),
  ]);
  const storeOf = (sellerId: string) => {
    const text = stores.get(sellerId);
    if (text === undefined) return null;
    const { name, slug } = JSON.parse(text) as StoreRow;
    return { sellerId, name, slug };
  };
  const imageOf = ([line]: OrderRow['lines']) => {
    const text = line && cards.get(line.productId);
    return text === undefined ? null : (JSON.parse(text) as CardRow).image;
  };
  const items = orders.map((order) => ({ ...shown(order, eyes), store: storeOf(order.sellerId), image: imageOf(order.lines) }));
  return jsonText({ items, next });
};

type Parties = Pick<OrderRow, 'buyerId' | 'sellerId' | 'checkoutId'>;

const mine = async <Row extends Parties>(c: Context<Env>, buyers: Buyers, found: Promise<string | null>) => {
  const text = await found;
  const row = text === null ? null : (JSON.parse(text) as Row);
  const principal = principalOf(c);
  const eyes = row && (eyesOf(principal, row) ?? ((await buyers.isBuyer(principal, row)) ? 'buyer' : null));
  if (!row || !eyes) throw new DomainError('order.not_found', 'There is no such order.');
  return { text, row, eyes };
};

/** Open work by the next deadline; everything else the latest first. */
const sellersQuery = (sellerId: string, status: OrderStatus | undefined): Omit<Query, 'limit'> => {
  if (status === undefined) return { where: { sellerId, deadline: { from: '' } }, order: [['deadline', 'asc']] };
  const isWork = status === 'Confirmed' || status === 'Accepted' || status === 'Packed';
  return { where: { sellerId, status }, order: [isWork ? ['deadline', 'asc'] : ['createdAt', 'desc']] };
};

/** Which streams of server-sent events an event belongs to. */
export const orderTopics = ({ event }: Recorded): readonly string[] => {
  if (!event.type.startsWith('order.') || !('orderId' in event) || !('sellerId' in event)) return [];
  return [`order:${event.orderId}`, `seller-orders:${event.sellerId}`];
};

const told = ({ event, metadata }: Recorded): object | null =>
  'orderId' in event ? { type: event.type, orderId: event.orderId, at: metadata.occurredAt } : null;

/** A seller hears of an order once it is paid. */
const toldToSeller = (recorded: Recorded): object | null => (recorded.event.type === 'order.created' ? null : told(recorded));

const notFound = ['order.not_found'];

export interface OrderQueriesNeeds {
  readonly tables: TableReader;
  readonly seals: Pick<Seals, 'open'>;
  readonly streams: EventStreams;
  readonly buyers: Buyers;
}

export const orderQueries = ({ tables, seals, streams, buyers }: OrderQueriesNeeds) =>
  new Hono<Env>()
    .get(
      '/orders',
      allow('buyer', {
        operation: 'listMyOrders',
        answer: pageSchema(ListedOrder),
        summary: 'My orders, the latest first.',
        owner: 'buyer',
      }),
      List,
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        const where = { buyerId: await buyers.of(principalOf(c)), ...(status && { status }) };
        return json(c, await listed(tables, 'buyer', { where, order: [['createdAt', 'desc']] }, asked));
      },
    )
    .get(
      '/orders/:orderId',
      allow('buyer', {
        operation: 'getOrder',
        answer: Order,
        summary: 'An order, with the address for its buyer and its seller.',
        owner: 'buyer or seller',
        errors: notFound,
      }),
      OrderParam,
      async (c) => {
        const { text, row, eyes } = await mine<Row>(c, buyers, tables.get('order-orders', c.req.valid('param').orderId));
        tagged(c, text);
        const address = eyes === 'staff' ? {} : { address: (await seals.open(row.address)) as DeliveryAddress };
        return json(c, jsonText({ ...shown(row, eyes), ...address }));
      },
    )
    .get(
      '/orders/:orderId/timeline',
      allow('buyer', {
        operation: 'getOrderTimeline',
        answer: OrderTimeline,
        summary: 'What happened to an order, step by step.',
        owner: 'buyer or seller',
        errors: notFound,
      }),
      OrderParam,
      async (c) => {
        const { orderId } = c.req.valid('param');
        const text = await tables.get('order-timelines', orderId);
        const row = text === null ? null : (JSON.parse(text) as TimelineRow);
        if (!row || !eyesOf(principalOf(c), row)) await mine(c, buyers, tables.get('order-orders', orderId));
        return json(c, jsonText({ orderId, steps: row?.steps ?? [] }));
      },
    )
    .get(
      '/orders/:orderId/events',
      allow('buyer', {
        operation: 'followOrder',
        ...{ summary: 'Changes of an order as they happen (server-sent events; resumes by Last-Event-ID).', owner: 'buyer or seller' },
        ...{ errors: [...notFound, 'gateway.too_many_streams', 'request.bad_position', 'request.other_log'], answer: 'text/event-stream' },
      }),
      OrderParam,
      async (c) => {
        const { row } = await mine<Row>(c, buyers, tables.get('order-orders', c.req.valid('param').orderId));
        return streams.open(c, { topics: [`order:${row.orderId}`], show: told });
      },
    )
    .get(
      '/sellers/me/orders',
      allow('SELLER', {
        operation: 'listSellerOrders',
        answer: pageSchema(ListedOrder),
        summary: 'The work of my shop by its next deadline, or all orders of one status.',
        owner: 'seller',
      }),
      List,
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        return json(c, await listed(tables.asSeller(sellerOf(c)), 'seller', sellersQuery(sellerOf(c), status), asked));
      },
    )
    .get(
      '/sellers/me/orders/events',
      allow('SELLER', {
        operation: 'followSellerOrders',
        ...{ summary: 'New orders of my shop and their changes as they happen (server-sent events).', owner: 'seller' },
        ...{ errors: ['gateway.too_many_streams', 'request.bad_position', 'request.other_log'], answer: 'text/event-stream' },
      }),
      (c) => streams.open(c, { topics: [`seller-orders:${sellerOf(c)}`], show: toldToSeller }),
    )
    .get(
      '/admin/orders',
      allow('ADMIN', {
        operation: 'listOrders',
        answer: pageSchema(ListedOrder),
        summary: 'All orders, the latest first.',
        load: 'reports',
      }),
      List,
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        const where = status ? { status } : {};
        return json(c, await listed(tables, 'staff', { where, order: [['createdAt', 'desc']] }, asked));
      },
    );
