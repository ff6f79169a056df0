// Tags that say what a field of an event holds. An untagged field fails the tests; personal data stays sealed in every store.
import { z } from 'zod';

/** A field that anybody who may read the log may read. */
export const open = <S extends z.ZodType>(schema: S): S => schema.meta({ privacy: 'public' });

declare const sealed: unique symbol;
/**
 * Personal data as it stands in events and rows: `pii1.<person id>.<base64url>`, AES-256-GCM under that person's own key.
 * The write API seals it, the read API opens it, nothing between can read it: erasing the person destroys the key.
 */
export type Sealed = string & { readonly [sealed]: true };

export const isSealed = (value: unknown): value is Sealed => typeof value === 'string' && value.startsWith('pii1.');

/** A field with personal data; its value in an event is always sealed. */
export const pii = () => z.custom<Sealed>(isSealed, 'personal data must be sealed').meta({ privacy: 'pii' });
