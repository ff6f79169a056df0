// The gateway's file: payments, refunds, and the movements of money that its books and settlements list.
import type { Currency, Money } from '../../../domain/money.ts';
import type { GatewayPayment, GatewayPaymentStatus, GatewayRefund, Instructions, SettlementLine } from '../payment-gateway.port.ts';
import { openProviderStore } from './store.ts';
import { webhookSchema } from './webhooks.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, checkout_id TEXT NOT NULL, account TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
    instructions TEXT NOT NULL, expires_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS payments_waiting ON payments (expires_at) WHERE status IN ('pending', 'authorized');
  CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, order_id TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    status TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS movements (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, payment_id TEXT NOT NULL, checkout_id TEXT NOT NULL,
    account TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, occurred_at TEXT NOT NULL
  ) STRICT;
  ${webhookSchema}
`;

type PaymentRow = {
  id: string;
  checkout_id: string;
  account: string;
  method: GatewayPayment['method'];
  status: GatewayPaymentStatus;
  amount: number;
  currency: Currency;
  captured: number;
  refunded: number;
  instructions: string;
  expires_at: string;
  updated_at: string;
};

type RefundRow = {
  id: string;
  payment_id: string;
  order_id: string;
  amount: number;
  currency: Currency;
  status: GatewayRefund['status'];
  updated_at: string;
};

type MovementRow = {
  seq: number;
  kind: SettlementLine['kind'];
  id: string;
  payment_id: string;
  checkout_id: string;
  account: string;
  amount: number;
  currency: Currency;
  occurred_at: string;
};

const money = (amount: number, currency: Currency): Money => ({ amount, currency });

const paymentOf = (row: PaymentRow): GatewayPayment => ({
  paymentId: row.id,
  checkoutId: row.checkout_id,
  account: row.account,
  method: row.method,
  status: row.status,
  amount: money(row.amount, row.currency),
  captured: money(row.captured, row.currency),
  refunded: money(row.refunded, row.currency),
  instructions: JSON.parse(row.instructions) as Instructions,
  expiresAt: row.expires_at,
  updatedAt: row.updated_at,
});

const refundOf = (row: RefundRow): GatewayRefund => ({
  refundId: row.id,
  paymentId: row.payment_id,
  orderId: row.order_id,
  amount: money(row.amount, row.currency),
  status: row.status,
  updatedAt: row.updated_at,
});

const lineOf = (row: MovementRow): SettlementLine => ({
  kind: row.kind,
  id: row.id,
  paymentId: row.payment_id,
  checkoutId: row.checkout_id,
  account: row.account,
  amount: money(row.amount, row.currency),
  occurredAt: row.occurred_at,
});

export const openGatewayStore = (dataDir: string) => {
  const { db, transaction } = openProviderStore(dataDir, 'gateway.db', schema);
  const sql = {
    payment: db.prepare('SELECT * FROM payments WHERE id = ?'),
    insertPayment: db.prepare('INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)'),
    updatePayment: db.prepare('UPDATE payments SET status = ?, captured = ?, refunded = ?, updated_at = ? WHERE id = ?'),
    overdue: db.prepare(
      `SELECT id FROM payments WHERE status IN ('pending', 'authorized') AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
    ),
    refund: db.prepare('SELECT * FROM refunds WHERE id = ?'),
    saveRefund: db.prepare('INSERT OR REPLACE INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?)'),
    move: db.prepare(
      'INSERT INTO movements (kind, id, payment_id, checkout_id, account, amount, currency, occurred_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    movements: db.prepare('SELECT * FROM movements WHERE seq > ? ORDER BY seq LIMIT ?'),
    // No index on the day: a settlement is fetched once a day, and every movement would pay for one.
    settlement: db.prepare('SELECT * FROM movements WHERE occurred_at >= ? AND occurred_at < ? ORDER BY seq'),
  };
  return {
    db,
    transaction,
    payment: (id: string): GatewayPayment | null => {
      const row = sql.payment.get(id) as PaymentRow | undefined;
      return row ? paymentOf(row) : null;
    },
    addPayment: (p: GatewayPayment) => {
      const { amount, currency } = p.amount;
      const instructions = JSON.stringify(p.instructions);
      sql.insertPayment.run(
        p.paymentId,
        p.checkoutId,
        p.account,
        p.method,
        p.status,
        amount,
        currency,
        instructions,
        p.expiresAt,
        p.updatedAt,
      );
    },
    updatePayment: (p: GatewayPayment) => sql.updatePayment.run(p.status, p.captured.amount, p.refunded.amount, p.updatedAt, p.paymentId),
    /** Ids of payments that wait although their time has passed at `now`. */
    overdue: (now: string, limit: number): string[] => (sql.overdue.all(now, limit) as { id: string }[]).map(({ id }) => id),
    refund: (id: string): GatewayRefund | null => {
      const row = sql.refund.get(id) as RefundRow | undefined;
      return row ? refundOf(row) : null;
    },
    saveRefund: (r: GatewayRefund) =>
      sql.saveRefund.run(r.refundId, r.paymentId, r.orderId, r.amount.amount, r.amount.currency, r.status, r.updatedAt),
    move: (l: SettlementLine) =>
      sql.move.run(l.kind, l.id, l.paymentId, l.checkoutId, l.account, l.amount.amount, l.amount.currency, l.occurredAt),
    /** Movements after `seq` (exclusive) and the sequence number to go on from, null at the end. */
    movements: (after: number, limit: number): { lines: SettlementLine[]; next: number | null } => {
      const rows = sql.movements.all(after, limit) as MovementRow[];
      return { lines: rows.map(lineOf), next: rows.length === limit ? (rows.at(-1)?.seq ?? null) : null };
    },
    settlement: (from: string, to: string): SettlementLine[] => (sql.settlement.all(from, to) as MovementRow[]).map(lineOf),
    close: () => db.close(),
  };
};
export type GatewayStore = ReturnType<typeof openGatewayStore>;
