// The reports everybody asks for, as SQL over the facts. Gross is what was sold, net what remained after cancellations and refunds.
import type { Currency } from '../../domain/money.ts';

/** Values for the placeholders `{name:Type}` of a query; they never become part of its text. */
export type QueryParams = Readonly<Record<string, string | number | readonly string[]>>;

/** RFC 3339 instants: from ≤ occurred_at < to. */
interface Period {
  readonly from: string;
  readonly to: string;
}
type Bucket = 'hour' | 'day' | 'month';

/** What each report is asked with. `limit` is 20 unless told. */
export interface ReportParams {
  gmv: Period & { readonly bucket: Bucket; readonly sellerId?: string };
  ordersPerHour: Period & { readonly sellerId?: string };
  topProducts: Period & { readonly sellerId?: string; readonly limit?: number };
  topSellers: Period & { readonly limit?: number };
  funnel: Period;
  activeUsers: Period & { readonly bucket: Bucket };
  cohorts: Period;
  deliverySlip: Period & { readonly sellerId?: string };
}
export type ReportName = keyof ReportParams;

/** Buckets are in the market's time zone: 2026-01-31T14:00, 2026-01-31 or 2026-01; an hour that comes twice with its offset, 2026-10-25T02:00+0200. Amounts are minor units and never summed across currencies. */
export interface ReportRow {
  gmv: { bucket: string; currency: Currency; orders: number; gross: number; net: number; commission: number };
  ordersPerHour: { bucket: string; orders: number };
  topProducts: { product_id: string; seller_id: string; currency: Currency; quantity: number; net: number };
  topSellers: { seller_id: string; currency: Currency; orders: number; gross: number; net: number };
  /** `visitors` did this step at all, `reached` did it within 7 days after all the steps before it. */
  funnel: { step: 'view' | 'cart' | 'checkout' | 'paid'; visitors: number; reached: number };
  activeUsers: { bucket: string; visitors: number; buyers: number };
  /** Buyers by the month of their first sale in the period, and how many of them bought again `month` months later. */
  cohorts: { cohort: string; month: number; buyers: number };
  /** Days after the promise (0 = in time), and how many parcels of which courier. */
  deliverySlip: { courier: string; days: number; parcels: number };
}

const formats: Readonly<Record<Bucket, string>> = { hour: '%Y-%m-%dT%H:00', day: '%Y-%m-%d', month: '%Y-%m' };

const inPeriod = "occurred_at >= {from:DateTime64(3, 'UTC')} AND occurred_at < {to:DateTime64(3, 'UTC')}";
const ofSeller = "({seller:String} = '' OR seller_id = {seller:String})";
const label = (time: string) => `formatDateTime(${time}, {format:String}, {zone:String})`;
/** The hour that comes twice when summer time ends is two buckets, told apart by their offset from UTC. */
const isDoubled = `{format:String} = '${formats.hour}' AND ${label('occurred_at')} IN (${label('occurred_at - INTERVAL 1 HOUR')}, ${label('occurred_at + INTERVAL 1 HOUR')})`;
const bucket = `concat(${label('occurred_at')}, if(${isDoubled}, formatDateTime(occurred_at, '%z', {zone:String}), '')) AS bucket`;
/** In the order of time: of a doubled hour, the one of summer time comes first. */
const inTime = 'substring(bucket, 1, 16), toInt32OrZero(substring(bucket, 17)) DESC';

export const reports: Readonly<Record<ReportName, string>> = {
  gmv: `
    SELECT ${bucket}, currency, uniqExactIf(order_id, kind = 'sale') AS orders, sumIf(amount, kind = 'sale') AS gross, sum(amount) AS net, sum(commission) AS commission
    FROM order_lines FINAL WHERE kind IN ('sale', 'cancellation', 'refund') AND ${inPeriod} AND ${ofSeller} GROUP BY bucket, currency ORDER BY ${inTime}, currency`,
  ordersPerHour: `
    SELECT ${bucket}, uniqExact(order_id) AS orders
    FROM order_lines FINAL WHERE kind = 'sale' AND ${inPeriod} AND ${ofSeller} GROUP BY bucket ORDER BY ${inTime}`,
  topProducts: `
    SELECT product_id, any(seller_id) AS seller_id, currency, sum(l.quantity) AS quantity, sum(amount) AS net
    FROM order_lines AS l FINAL WHERE kind IN ('sale', 'cancellation', 'refund') AND ${inPeriod} AND ({seller:String} = '' OR l.seller_id = {seller:String})
    GROUP BY product_id, currency ORDER BY net DESC, product_id LIMIT {limit:UInt32}`,
  topSellers: `
    SELECT seller_id, currency, uniqExactIf(order_id, kind = 'sale') AS orders, sumIf(amount, kind = 'sale') AS gross, sum(amount) AS net
    FROM order_lines FINAL WHERE kind IN ('sale', 'cancellation', 'refund') AND ${inPeriod}
    GROUP BY seller_id, currency ORDER BY net DESC, seller_id LIMIT {limit:UInt32}`,
  funnel: `
    WITH steps AS (
      SELECT visitor_id, groupUniqArray(kind) AS kinds,
        windowFunnel(604800000)(toUInt64(toUnixTimestamp64Milli(occurred_at)), kind = 'view', kind = 'cart', kind = 'checkout', kind = 'paid') AS level
      FROM visits FINAL WHERE ${inPeriod} GROUP BY visitor_id)
    SELECT step, countIf(has(kinds, step)) AS visitors, countIf(level >= number) AS reached
    FROM steps ARRAY JOIN ['view', 'cart', 'checkout', 'paid'] AS step, [1, 2, 3, 4] AS number GROUP BY step, number ORDER BY number`,
  activeUsers: `
    SELECT ${bucket}, uniqExact(visitor_id) AS visitors, uniqExactIf(visitor_id, kind = 'paid') AS buyers
    FROM visits FINAL WHERE ${inPeriod} GROUP BY bucket ORDER BY ${inTime}`,
  cohorts: `
    WITH months AS (SELECT DISTINCT buyer_id, toStartOfMonth(toTimeZone(occurred_at, {zone:String})) AS bought FROM order_lines FINAL WHERE kind = 'sale' AND ${inPeriod}),
      firsts AS (SELECT buyer_id, min(bought) AS first FROM months GROUP BY buyer_id)
    SELECT formatDateTime(first, '%Y-%m') AS cohort, dateDiff('month', first, bought) AS month, uniqExact(buyer_id) AS buyers
    FROM months INNER JOIN firsts USING (buyer_id) GROUP BY cohort, month ORDER BY cohort, month`,
  deliverySlip: `
    SELECT courier, greatest(0, dateDiff('day', promised_at, occurred_at, {zone:String})) AS days, count() AS parcels
    FROM deliveries FINAL WHERE ${inPeriod} AND ${ofSeller} GROUP BY courier, days ORDER BY courier, days`,
};

/** ClickHouse reads an instant without its T and Z; the placeholder says that it is UTC. */
const clickhouseTime = (instant: string) => new Date(instant).toISOString().replace('T', ' ').replace('Z', '');

interface AnyParams extends Period {
  readonly bucket?: Bucket;
  readonly sellerId?: string;
  readonly limit?: number;
}

/** The values of a report's placeholders. Placeholders that a report does not have are no harm. */
export const reportValues = (params: AnyParams, zone: string): QueryParams => ({
  from: clickhouseTime(params.from),
  to: clickhouseTime(params.to),
  zone,
  format: formats[params.bucket ?? 'hour'],
  seller: params.sellerId ?? '',
  limit: params.limit ?? 20,
});
