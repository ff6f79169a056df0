// Parts of answers that many services have, as the API document names them.
import { z } from 'zod';
import { Money as DomainMoney } from '../../domain/money.ts';

export const Money = DomainMoney.meta({
  id: 'Money',
  description: 'An amount in minor units: IDR 15000 is Rp15.000, BRL 15000 is R$150,00.',
});

/** A time as every answer has it: RFC 3339 in UTC with milliseconds. */
export const Moment = z.string().meta({ format: 'date-time' });

/** A row says how far the stream of its resource has come: what If-Match takes. */
export const revised = { revision: z.int() };
