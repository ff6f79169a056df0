// The cookie by which a visitor without an account keeps a cart. It names the visitor and proves nothing else.
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const cookie = /(?:^|;\s*)(?:__Host-)?guest=([^;]+)/;
/** 30 days: as long as a cart is kept. */
const maxAge = 30 * 24 * 60 * 60;

/** The guest's id in a Cookie header, also of somebody who has signed in since (whose cart is then merged). */
export const guestIdIn = (cookies: string | undefined): string | null => {
  const id = cookies === undefined ? undefined : cookie.exec(cookies)?.[1];
  return id !== undefined && uuid.test(id) ? id : null;
};

/** Set-Cookie for a guest. Without TLS a browser would refuse the `__Host-` prefix. */
export const guestCookie = (id: string, secure: boolean): string =>
  `${secure ? '__Host-guest' : 'guest'}=${id}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
