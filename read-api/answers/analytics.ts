// What analysts and shops are answered. Buckets are in the market's time zone, amounts in minor units, never summed across currencies.
import { z } from 'zod';
import { Currency } from '../../domain/money.ts';
import { Fields } from '../../infra/http/answers.ts';
import { listSchema } from '../../infra/http/pages.ts';

const Bucket = z
  .string()
  .describe('In the market’s time zone: 2026-01-31T14:00, 2026-01-31 or 2026-01; an hour that comes twice has its offset behind it.')
  .meta({ examples: ['2026-01-31'] });
const bucketed = { bucket: Bucket };
const sold = { orders: z.int(), gross: z.int(), net: z.int().describe('Gross less what was cancelled and refunded.') };

const Sales = z.object({ ...bucketed, currency: Currency, ...sold, commission: z.int() }).meta({ id: 'Sales' });
const HourlyOrders = z.object({ ...bucketed, orders: z.int() }).meta({ id: 'HourlyOrders' });
const TopProduct = z
  .object({ productId: z.string(), sellerId: z.string(), currency: Currency, quantity: z.int(), net: z.int() })
  .meta({ id: 'TopProduct' });
const TopSeller = z.object({ sellerId: z.string(), currency: Currency, ...sold }).meta({ id: 'TopSeller' });
const FunnelStep = z
  .object({
    step: z.enum(['view', 'cart', 'checkout', 'paid']),
    visitors: z.int().describe('Did this step at all.'),
    reached: z.int().describe('Did it within 7 days after all the steps before it.'),
  })
  .meta({ id: 'FunnelStep' });
const ActiveUsers = z.object({ ...bucketed, visitors: z.int(), buyers: z.int() }).meta({ id: 'ActiveUsers' });
const Cohort = z
  .object({
    cohort: z
      .string()
      .describe('The month of the first purchase.')
      .meta({ examples: ['2026-01'] }),
    month: z.int().describe('So many months later.'),
    buyers: z.int(),
  })
  .meta({ id: 'Cohort' });
const DeliverySlip = z
  .object({ courier: z.string(), days: z.int().describe('After the promise; 0: in time.'), parcels: z.int() })
  .meta({ id: 'DeliverySlip' });
const FactTable = z
  .object({
    table: z.string(),
    meaning: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string(), meaning: z.string() })),
  })
  .meta({ id: 'FactTable' });
export type FactTable = z.output<typeof FactTable>;

export const SalesList = listSchema(Sales);
export const HourlyOrdersList = listSchema(HourlyOrders);
export const TopProductList = listSchema(TopProduct);
export const TopSellerList = listSchema(TopSeller);
export const FunnelStepList = listSchema(FunnelStep);
export const ActiveUsersList = listSchema(ActiveUsers);
export const CohortList = listSchema(Cohort);
export const DeliverySlipList = listSchema(DeliverySlip);
export const FactTableList = listSchema(FactTable);

export const SellerFigures = z.object({ sales: z.array(Sales), topProducts: z.array(TopProduct) }).meta({ id: 'SellerFigures' });

/** As ClickHouse writes it: `data` has the columns that the query has asked for. */
export const QueryResult = z
  .object({
    meta: z.array(z.object({ name: z.string(), type: z.string() })),
    data: z.array(Fields),
    rows: z.int(),
    rows_before_limit_at_least: z.int().optional(),
    statistics: Fields.optional(),
  })
  .meta({ id: 'QueryResult' });
