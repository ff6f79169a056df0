// A second process of a role beside the one that a fleet has, on a port of its own.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../infra/services.ts';
import type { Ground } from './fleet.ts';
import { freePorts, type Running, run } from './processes.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));

export interface Another {
  readonly process: Running;
  readonly address: string;
  /** Answers when it serves: one of a role that one alone may have waits for its turn first. */
  listens(): Promise<void>;
}

export const startAnother = async (ground: Ground, role: Role, env: Readonly<Record<string, string>> = {}): Promise<Another> => {
  const [port = 0] = await freePorts(1);
  const own = { ...ground.env, ...env, DATA_DIR: join(ground.directory, `another-${role}`), PORT: String(port) };
  const process = run(main, ['start', '--role', role], own);
  return {
    process,
    address: `http://127.0.0.1:${port}`,
    listens: async () => void (await process.said((line) => line.includes('listening on'))),
  };
};
