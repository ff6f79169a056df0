// Parts of answers that many services have, as the API document names them.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Actor as DomainActor } from '../../domain/metadata.ts';
import { Money as DomainMoney } from '../../domain/money.ts';

export const Money = DomainMoney.meta({
  id: 'Money',
  description: 'An amount in minor units: IDR 15000 is Rp15.000, BRL 15000 is R$150,00.',
});

/** A time as every answer has it: RFC 3339 in UTC with milliseconds. */
export const Moment = z.string().meta({ format: 'date-time' });

/** In which a person is written to. */
export const Language = z.enum(['id', 'en', 'pt']);

/** A person and a guest have one cart each, which is called as they are. */
export const CartId = Id.or(z.uuid()).describe('Of a person or of a guest.');

/** The shop of something that stands in a list. */
export const StoreCard = z.object({ sellerId: Id, name: z.string(), slug: z.string() }).meta({ id: 'StoreCard' });

/** A row says how far the stream of its resource has come: what If-Match takes. */
export const revised = { revision: z.int() };

/** What the framework of projections adds to such a row. */
export interface Revised {
  readonly revision: number;
}

/** Of an event, or of what was refused: whatever it holds, which its type and version say. */
export const Fields = z.record(z.string(), z.unknown());

export const Actor = DomainActor.meta({ id: 'Actor' });

/** `items` + `tax` (the part that prices do not include) + `shipping` + `platform` = `total`. */
export const Totals = z.object({ items: Money, tax: Money, shipping: Money, platform: Money, total: Money }).meta({ id: 'Totals' });

/** How to pay one part of a payment, by its method. */
export const Instructions = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('va'), bank: z.string(), accountNumber: z.string() }),
    z.object({ kind: z.literal('qris'), payload: z.string() }),
    z.object({ kind: z.literal('card'), reference: z.string() }),
    z.object({ kind: z.literal('ewallet'), wallet: z.string(), deepLink: z.string() }),
    z.object({ kind: z.literal('retail'), outlet: z.string(), code: z.string() }),
  ])
  .meta({ id: 'PaymentInstructions' });

/** A postal address, opened for those who may read it. */
export const Address = z
  .object({
    recipient: z.string(),
    phone: z.string(),
    street: z.string(),
    city: z.string(),
    province: z.string(),
    postalCode: z.string(),
    country: z.string(),
  })
  .meta({ id: 'Address' });
export type Address = z.output<typeof Address>;

/** What is left of personal data whose person was erased. Text of such a person becomes this too. */
export const Erased = z.literal('[erased]').meta({ id: 'Erased' });

/** Nothing is told but that it was taken. */
export const Taken = z.object({}).meta({ id: 'Taken' });
