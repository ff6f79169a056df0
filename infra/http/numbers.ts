// Numbers in a query string: digits as people write them. What JavaScript would also take for a number (`0x10`, `1e2`, blanks, nothing) is refused.
import { z } from 'zod';

/** Every whole number that a double holds exactly has at most 16 digits. */
const whole = /^(?:0|-?[1-9]\d{0,15})$/;
const decimal = /^(?:0|[1-9]\d{0,9})(?:\.\d{1,6})?$/;

/** `least` to `most`, both inclusive. */
export const wholeNumber = (least: number, most: number) =>
  z.string().regex(whole, 'must be a whole number, written in digits').transform(Number).pipe(z.number().int().min(least).max(most));

/** The same with a decimal point and up to six digits after it. */
export const decimalNumber = (least: number, most: number) =>
  z.string().regex(decimal, 'must be a number, written in digits with a point').transform(Number).pipe(z.number().min(least).max(most));

/** An amount of money in minor units. */
export const minorUnits = wholeNumber(0, Number.MAX_SAFE_INTEGER);
