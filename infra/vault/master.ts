// The master key: wraps the keys in the vault and, through keys derived from it, hides the values that unique claims are named by.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { MasterKey } from './port.ts';

export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey';
}

const ivBytes = 12;
const tagBytes = 16;

/** `iv | ciphertext | tag` under a fresh random IV; `context` is authenticated, not stored. */
export const encrypt = (key: KeyObject, context: string, plain: Uint8Array): Buffer => {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** The plain bytes; throws if a bit of key, context or box differs. */
export const decrypt = (key: KeyObject, context: string, box: Uint8Array): Buffer => {
  if (box.length < ivBytes + tagBytes) throw new Error('too short to be encrypted data');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context)).setAuthTag(box.subarray(box.length - tagBytes));
  return Buffer.concat([decipher.update(box.subarray(ivBytes, box.length - tagBytes)), decipher.final()]);
};

export const createMasterKey = (secret: Uint8Array): MasterKey => {
  if (secret.length !== 32) throw new Error('The master key must be 32 bytes.');
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', `tokobapak ${purpose}`, 32));
  const wrapping = createSecretKey(derive('wrapping'));
  const blinding = createSecretKey(derive('blind index'));
  return {
    fingerprint: derive('fingerprint').toString('hex', 0, 16),
    wrap: (name, plain) => encrypt(wrapping, name, plain),
    unwrap: (name, wrapped) => {
      try {
        return decrypt(wrapping, name, wrapped);
      } catch (cause) {
        throw new WrongMasterKey(`The key "${name}" was not wrapped by this master key.`, { cause });
      }
    },
    blindIndex: (kind, value) => createHmac('sha256', blinding).update(`${kind}\0${value}`).digest('hex').slice(0, 32),
    derive: (purpose) => derive(`derived: ${purpose}`),
  };
};

/**
 * The master key of this deployment: MASTER_KEY (32 bytes as hex or base64) where it is set. Else, outside production, a key that is made once
 * and kept in `dataDir`/master.key. Throws in production without MASTER_KEY, and on a key of another length.
 */
export const loadMasterKey = (options: { masterKey?: string | undefined; dataDir: string; production: boolean }): MasterKey => {
  if (options.masterKey) return createMasterKey(parse(options.masterKey, 'MASTER_KEY'));
  if (options.production)
    throw new Error('Production needs MASTER_KEY: 32 random bytes in base64, such as `openssl rand -base64 32` prints.');
  const file = join(options.dataDir, 'master.key');
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  createOnce(file, `${randomBytes(32).toString('base64')}\n`);
  if (statSync(file).mode & 0o077) throw new Error(`${file} can be read by others: chmod 600 it, or make a new one.`);
  return createMasterKey(parse(readFileSync(file, 'utf8'), file));
};

const parse = (text: string, source: string): Buffer => {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  const bytes = Buffer.from(trimmed, 'base64');
  // Buffer.from skips what is not base64, so a mistyped key would silently become another key.
  if (bytes.length !== 32 || bytes.toString('base64') !== trimmed) throw new Error(`${source} must be 32 bytes, as hex or base64.`);
  return bytes;
};

/** Writes the file durably unless it is there already: a half-written key must never be found, and of two processes that start together one wins. */
const createOnce = (file: string, text: string): void => {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  if (statSync(file, { throwIfNoEntry: false })) return;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  syncDirectory(join(file, '..'));
};

/** Makes the names of new files in a directory durable. */
export const syncDirectory = (directory: string): void => {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
