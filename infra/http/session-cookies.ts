// The cookies by which a browser proves its session: out of reach of scripts, and bound to this very host by their names.

/** Without TLS a browser would refuse the `__Host-` prefix; with it, a name without the prefix could have been set by anybody beside us. */
export const hostCookie = (kind: 'access' | 'refresh' | 'guest' | 'device', secure: boolean) => `${secure ? '__Host-' : ''}${kind}`;

/** The value of the cookie by exactly this name. */
export const cookieIn = (cookies: string | null | undefined, name: string): string | null => {
  for (const pair of (cookies ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || null;
  }
  return null;
};

export const accessTokenIn = (cookies: string | null | undefined, secure: boolean) => cookieIn(cookies, hostCookie('access', secure));
export const refreshTokenIn = (cookies: string | null | undefined, secure: boolean) => cookieIn(cookies, hostCookie('refresh', secure));

const cookie = (name: string, value: string, seconds: number, secure: boolean) =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

interface Pair {
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly refreshExpiresAt: string;
}

/** Set-Cookie for both tokens, each for as long as its token lives after `at` (RFC 3339). */
export const sessionCookies = (pair: Pair, at: string, secure: boolean): string[] => {
  const seconds = (until: string) => Math.max(0, Math.floor((Date.parse(until) - Date.parse(at)) / 1000));
  return [
    cookie(hostCookie('access', secure), pair.accessToken, seconds(pair.accessExpiresAt), secure),
    cookie(hostCookie('refresh', secure), pair.refreshToken, seconds(pair.refreshExpiresAt), secure),
  ];
};

/** Set-Cookie that takes both away. */
export const noSessionCookies = (secure: boolean): string[] => [
  cookie(hostCookie('access', secure), '', 0, secure),
  cookie(hostCookie('refresh', secure), '', 0, secure),
];

/** By which a browser is known again when it signs in: not part of the session, and left where it is by a sign-out. */
export const deviceTokenIn = (cookies: string | null | undefined, secure: boolean) => cookieIn(cookies, hostCookie('device', secure));

export const deviceCookie = (token: string, lifetimeMs: number, secure: boolean) =>
  cookie(hostCookie('device', secure), token, Math.floor(lifetimeMs / 1_000), secure);
