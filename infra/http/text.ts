// Text that comes in: what can be seen, on one line or several, and nothing that hides, turns round or cuts what stands beside it.
import { z } from 'zod';
import { asciiDomain } from '../../domain/email.ts';

/**
 * Characters that nobody sees and that are in no name: controls, bidi marks and overrides, zero-width spaces and joiners, blank letters,
 * halves of characters. Joiners are left where scripts and emoji need them: after a letter of such a script, or a picture.
 */
const hidden =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\uffff\u{e0000}-\u{e0fff}]|\u034f|\u17b4|\u17b5|(?<![\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)(?:\u200c|\u200d)/u;
const ascii = /^[\x20-\x7e]*$/;
const breaks = /[\n\r\t]/g;

/** Whether all of it can be seen, line breaks and tabs aside. Looks twice only at what is not plain ASCII. */
export const isVisible = (text: string): boolean => ascii.test(text) || !hidden.test(text.replace(breaks, ''));

/** One line of 1 to `max` characters: names, cities, labels. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => isVisible(text) && !/[\n\r\t]/.test(text), 'must be one line of characters that can be seen');

/** Several lines of at most `max` characters: descriptions, notes. */
export const lines = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine((text) => isVisible(text), 'must be of characters that can be seen');

const local = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const domain = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{2,59})$/i;

const isEmail = (text: string): boolean => {
  const at = text.lastIndexOf('@');
  return at > 0 && at <= 64 && local.test(text.slice(0, at)) && domain.test(asciiDomain(text.slice(at + 1)));
};

/** An e-mail address, also of a domain with letters of any script (info@köffer.example). It stays as it was written. */
export const Email = z.string().trim().max(254).refine(isEmail, 'must be an e-mail address').meta({ format: 'email' });

const writtenPhone = /^[+(]?[0-9(][0-9 ().-]{4,28}$/;

/** A telephone number as people write it: 6 to 15 digits, with spaces, hyphens and brackets, with a leading + or not. */
export const Phone = z
  .string()
  .trim()
  .max(30)
  .refine((text) => writtenPhone.test(text) && /^\d{6,15}$/.test(text.replace(/\D/g, '')), 'must be a telephone number of 6 to 15 digits')
  .meta({ pattern: writtenPhone.source, examples: ['+62 812-3456-789'] });
