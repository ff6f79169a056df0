// The secrets that simulated providers sign their webhooks with: made once, kept in DATA_DIR for nobody else to read.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Secrets = z.strictObject({ payment: z.string().min(32), courier: z.string().min(32) });
export type WebhookSecrets = z.infer<typeof Secrets>;

export const webhookSecrets = (dataDir: string): WebhookSecrets => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'webhook-secrets.json');
  const fresh = JSON.stringify({ payment: randomBytes(32).toString('hex'), courier: randomBytes(32).toString('hex') });
  try {
    writeFileSync(file, fresh, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
};
