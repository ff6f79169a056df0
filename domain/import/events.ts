// What the stream of an imported source record may contain: what of it was left out, and what had to be changed. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Money } from '../money.ts';
import { open } from '../privacy.ts';

const text = () => open(z.string());
const code = () => open(z.string().regex(/^[A-Z_]{1,40}$/));

/** `source` names the data set, `file` and `row` where in it this stands, `reason` the rule that was applied. */
const common = { importId: text(), source: text(), file: text(), row: text(), reason: code(), at: open(Instant) };

/** Money that a row which was left out speaks of; `type` in the source's own words. */
export const SourcePayment = z.object({ type: z.string(), amount: Money });
export type SourcePayment = z.infer<typeof SourcePayment>;

/** The row is not in our books. `status`: the source's own, where it has one. */
export const ImportRowRejected = z.object({
  type: z.literal('import.row_rejected'),
  ...common,
  status: open(z.string().nullable()),
  payments: open(z.array(SourcePayment)),
});

/** The row was taken with another value in `field` than the source has (`before`; null: it has none). */
export const ImportRowAdjusted = z.object({
  type: z.literal('import.row_adjusted'),
  ...common,
  field: text(),
  before: open(z.string().nullable()),
});

export const ImportEvent = z.discriminatedUnion('type', [ImportRowRejected, ImportRowAdjusted]);
export type ImportEvent = z.infer<typeof ImportEvent>;
