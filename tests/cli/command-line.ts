// The real command line in a child process, on a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  /** Sends SIGTERM and answers how it ended. */
  stop(): Promise<Ended>;
}

export const main = fileURLToPath(new URL('../../main.ts', import.meta.url));

export const newFolder = () => mkdtempSync(join(tmpdir(), 'tokobapak-cli-'));

const run = (line: readonly string[], env: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...line], {
    env: { PATH: process.env.PATH, NODE_ENV: 'test', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code]): Ended => ({ code: typeof code === 'number' ? code : null, out, err }));
  return { child, ended, out: () => out };
};

/** Runs a command to its end. */
export const command = (line: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> => run(line, env).ended;

/** The objects that a command printed with --json. */
export const objects = <T>({ out }: Ended): T[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Starts the marketplace and answers when it listens. */
export const startMarket = async (env: Readonly<Record<string, string>>, options: readonly string[] = []): Promise<Started> => {
  const { child, ended, out } = run(['start', ...options], env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /listening on (http:\/\/localhost:\d+)/.exec(out())?.[1];
      if (found) resolve(found);
    });
    void ended.then(({ err }) => reject(new Error(`it did not start: ${err}`)));
  });
  return {
    url,
    child,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
};
