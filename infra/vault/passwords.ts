// Passwords: Argon2id, a refusal of those that are soon guessed, and one answer in one time for a wrong password, an unknown user and a blocked account.
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { DomainError } from '../../domain/error.ts';
import { mustBeStrong } from './password-strength.ts';
import type { Passwords, Vault } from './port.ts';

const derive = promisify<'argon2id', Argon2Parameters, Buffer>(argon2);

/** OWASP's parameters for Argon2id: 19 MiB, two passes, one lane: about 35 ms. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };

/** Hashing runs on libuv's four threads, which files and names need too, and holds 19 MiB each: two at a time, and few enough waiting to be answered in 2 s. */
const atOnce = 2;
const mayWait = 100;

/**
 * Throws `auth.password_weak` (details.reason: too_short, too_long, too_common) unless it has 8 to 128 characters and is not soon guessed.
 * `personal`: what an attacker would try first, such as the e-mail address and the name.
 */
export const checkNewPassword = async (password: string, personal: readonly string[] = []): Promise<void> => {
  const length = [...password].length;
  const refuse = (reason: string, message: string) => new DomainError('auth.password_weak', message, { reason });
  if (length < 8) throw refuse('too_short', 'A password has at least 8 characters.');
  if (length > 128) throw refuse('too_long', 'A password has at most 128 characters.');
  await mustBeStrong(normal(password), personal);
};

/** The same characters, however the keyboard composed them. */
const normal = (password: string) => password.normalize('NFKC');

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, as other tools write it. */
export const hashPassword = async (password: string): Promise<string> => {
  const nonce = randomBytes(16);
  const hash = await run({ ...cost, message: normal(password), nonce, tagLength: 32 });
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(nonce)}$${unpadded(hash)}`;
};

const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** Whether this is the password of that hash, which may have been made with other parameters than today's. */
export const isPasswordOf = async (hash: string, password: string): Promise<boolean> => {
  const [, memory, passes, parallelism, salt = '', expected = ''] = phc.exec(hash) ?? [];
  if (!memory) throw new Error('A stored password hash cannot be read.');
  const tag = Buffer.from(expected, 'base64');
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism), tagLength: tag.length };
  // A longer one was never accepted, and must not cost more than another wrong one.
  const message = normal(password.slice(0, 256));
  return timingSafeEqual(await run({ ...parameters, message, nonce: Buffer.from(salt, 'base64') }), tag);
};

/** The hash of no password: what an unknown user's attempt is compared with, so that it takes as long as any other. */
const nobodysHash = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(randomBytes(16))}$${unpadded(randomBytes(32))}`;

export const createPasswords = (vault: Vault): Passwords => ({
  checkNew: checkNewPassword,
  set: async (userId, password, at, personal) => {
    await checkNewPassword(password, personal);
    await vault.savePassword(userId, await hashPassword(password), at);
  },
  check: async ({ account, userId, password, at }) => {
    const allowed = await vault.startLoginAttempt(account, at);
    const stored = await vault.passwordOf(userId ?? '');
    const matches = await isPasswordOf(stored ?? nobodysHash, password);
    if (!allowed || !stored || !matches) return false;
    await vault.clearLoginFailures(account);
    return true;
  },
});

let running = 0;
const waiting: (() => void)[] = [];

/** Throws `gateway.overloaded` instead of waiting behind a hundred others. */
const run = async (parameters: Argon2Parameters): Promise<Buffer> => {
  if (running >= atOnce) {
    if (waiting.length >= mayWait)
      throw new DomainError('gateway.overloaded', 'Too many people are signing in at once; try again shortly.');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await derive('argon2id', parameters);
  } finally {
    // The place goes to the next in line, so `running` falls only when there is none.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
};
