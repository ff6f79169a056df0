// The couriers' file: of a parcel only cities, weight and the cash to collect. No name, phone or street ever reaches it.
import type { Currency, Money } from '../../../domain/money.ts';
import type { Parcel, ParcelStatus } from '../courier.port.ts';
import { openProviderStore } from './store.ts';
import { webhookSchema } from './webhooks.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS parcels (
    id TEXT PRIMARY KEY, order_id TEXT NOT NULL, tracking_number TEXT NOT NULL UNIQUE, courier TEXT NOT NULL, service TEXT NOT NULL,
    origin_city TEXT NOT NULL, destination_city TEXT NOT NULL, weight_grams INTEGER NOT NULL,
    collect INTEGER, currency TEXT, status TEXT NOT NULL, history TEXT NOT NULL
  ) STRICT;
  ${webhookSchema}
`;

type Row = {
  id: string;
  order_id: string;
  tracking_number: string;
  courier: string;
  service: string;
  origin_city: string;
  destination_city: string;
  weight_grams: number;
  collect: number | null;
  currency: Currency | null;
  status: ParcelStatus;
  history: string;
};

const parcelOf = (row: Row): Parcel => ({
  shipmentId: row.id,
  orderId: row.order_id,
  courier: row.courier,
  service: row.service,
  originCity: row.origin_city,
  destinationCity: row.destination_city,
  weightGrams: row.weight_grams,
  ...(row.collect === null || row.currency === null ? {} : { collect: { amount: row.collect, currency: row.currency } }),
  trackingNumber: row.tracking_number,
  status: row.status,
  history: JSON.parse(row.history) as Parcel['history'],
});

export const openCourierStore = (dataDir: string) => {
  const store = openProviderStore(dataDir, 'courier.db', schema);
  const { db } = store;
  const sql = {
    byId: db.prepare('SELECT * FROM parcels WHERE id = ?'),
    byTracking: db.prepare('SELECT * FROM parcels WHERE tracking_number = ?'),
    insert: db.prepare('INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    update: db.prepare('UPDATE parcels SET status = ?, history = ? WHERE id = ?'),
  };
  const found = (row: unknown): Parcel | null => (row === undefined ? null : parcelOf(row as Row));
  return {
    ...store,
    byId: (shipmentId: string) => found(sql.byId.get(shipmentId)),
    byTracking: (trackingNumber: string) => found(sql.byTracking.get(trackingNumber)),
    add: (p: Parcel) => {
      const cash: Money | undefined = p.collect;
      const places = [p.originCity, p.destinationCity, p.weightGrams] as const;
      const rest = [cash?.amount ?? null, cash?.currency ?? null, p.status, JSON.stringify(p.history)] as const;
      sql.insert.run(p.shipmentId, p.orderId, p.trackingNumber, p.courier, p.service, ...places, ...rest);
    },
    update: (p: Parcel) => sql.update.run(p.status, JSON.stringify(p.history), p.shipmentId),
    close: () => db.close(),
  };
};
