// The cookie by which a visitor without an account keeps a cart. It names the visitor and proves nothing else.
import { cookieIn, hostCookie } from './session-cookies.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 30 days: as long as a cart is kept. */
const maxAge = 30 * 24 * 60 * 60;

/** The guest's id in a Cookie header, also of somebody who has signed in since (whose cart is then merged). */
export const guestIdIn = (cookies: string | undefined, secure: boolean): string | null => {
  const id = cookieIn(cookies, hostCookie('guest', secure));
  return id !== null && uuid.test(id) ? id : null;
};

/** Set-Cookie for a guest. */
export const guestCookie = (id: string, secure: boolean): string =>
  `${hostCookie('guest', secure)}=${id}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
