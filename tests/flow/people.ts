// People for flow tests: registered and signed in over HTTP, as anybody would be.
import type { Market } from '../market.ts';

export const password = 'correct horse battery';

export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
}

export const signIn = async (market: Market, email: string, secret = password): Promise<Person> => {
  const { status, body } = await market.call('POST', '/auth/login', { body: { email, password: secret } });
  if (status !== 200) throw new Error(`sign-in failed: ${JSON.stringify(body)}`);
  return { userId: body.user.userId, email, token: body.accessToken, refreshToken: body.refreshToken };
};

export const signUp = async (market: Market, email: string, name = 'Budi Santoso'): Promise<Person> => {
  const { status, body } = await market.call('POST', '/auth/register', { body: { email, password, name } });
  if (status !== 201) throw new Error(`registration failed: ${JSON.stringify(body)}`);
  return signIn(market, email);
};

/** The secret in the newest mail to this person. */
export const mailedToken = async (market: Market, userId: string): Promise<string> => {
  const [mail] = (await market.outside.readMails?.(userId, 1)) ?? [];
  return decodeURIComponent(/#token=([^\s]+)/.exec(mail?.text ?? '')?.[1] ?? '');
};
