// A postal address as clients send it, the same everywhere; it is sealed as a whole before anything else sees it.
import { z } from 'zod';
import { line, Phone } from '../infra/http/text.ts';

const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

export const Address = z
  .object({
    recipient: line(120),
    phone: Phone,
    street: line(300),
    city: line(100),
    province: line(100),
    postalCode: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9][A-Za-z0-9 -]{1,10}[A-Za-z0-9]$/, 'must be letters and digits'),
    country: z
      .string()
      .refine((code) => /^[A-Z]{2}$/.test(code) && regions.of(code) !== undefined, 'must be a country, as two capital letters (ISO 3166)')
      .default('ID'),
  })
  .refine(({ country, postalCode }) => country !== 'ID' || /^\d{5}$/.test(postalCode), {
    path: ['postalCode'],
    error: 'must be five digits in Indonesia',
  });
export type Address = z.output<typeof Address>;
