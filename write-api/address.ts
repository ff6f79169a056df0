// A postal address as clients send it; it is sealed as a whole before anything else sees it.
import { z } from 'zod';

const text = (most: number) => z.string().trim().min(1).max(most);

export const Address = z.object({
  recipient: text(120),
  phone: text(30),
  street: text(300),
  city: text(100),
  province: text(100),
  postalCode: text(12),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'two capital letters (ISO 3166)')
    .default('ID'),
});
export type Address = z.output<typeof Address>;
