// Times that come in: RFC 3339 with any precision and any offset, taken as the same instant in UTC with milliseconds, as it is kept everywhere.
import { z } from 'zod';

/** Text that cannot be parsed stays as it is, to be refused by the check of its shape. */
const inUtc = (text: string): string => {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
};

/** `2026-12-31T00:00:00Z`, `2026-12-31T07:00:00.000+07:00` and the like; what comes out is `2026-12-31T00:00:00.000Z` for both. */
export const Time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-12-31T00:00:00Z' })
  .overwrite(inUtc)
  .refine((text) => /^\d{4}-/.test(text), 'must be a time of the years 0 to 9999');
