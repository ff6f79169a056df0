// The cookie by which a visitor without an account keeps a cart, and the purchases made with it. It proves that it is this visitor and nothing else.
import { hash } from 'node:crypto';
import { ulidText } from '../../domain/id.ts';
import { cookieIn, hostCookie } from './session-cookies.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 30 days: as long as a cart is kept. */
const maxAge = 30 * 24 * 60 * 60;

/** The name of the guest whose cookie has this value. It stands in events, so that it must not tell the cookie to those who read them. */
export const guestIdOf = (value: string): string => {
  const digits = hash('sha256', `guest\n${value}`, 'hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
};

/** The guest whom a Cookie header names, also of somebody who has signed in since (whose cart is then merged). */
export const guestIdIn = (cookies: string | undefined, secure: boolean): string | null => {
  const value = cookieIn(cookies, hostCookie('guest', secure));
  return value !== null && uuid.test(value) ? guestIdOf(value) : null;
};

/** Set-Cookie for a guest; `value` is a UUID that nobody can guess. */
export const guestCookie = (value: string, secure: boolean): string =>
  `${hostCookie('guest', secure)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;

/**
 * The buyer of one purchase of a guest: a subject of its own, with a key of its own for what is personal, so that a link to one purchase
 * cannot show another.
 */
export const guestBuyerId = (blindIndex: (kind: string, value: string) => string, guestId: string, checkoutId: string): string =>
  ulidText(Buffer.from(blindIndex('guest buyer', `${guestId}.${checkoutId}`), 'hex'));
