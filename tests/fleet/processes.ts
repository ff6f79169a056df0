// Processes of a fleet for tests: started, waited for, killed at any moment, started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { endsWithUs } from '../support/left-behind.ts';

/** Ports that were free a moment ago, each one once. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

export interface Running {
  readonly pid: number;
  /** Everything that it has said. */
  readonly lines: readonly string[];
  /** Its first line that `isIt` says yes to. Throws with its last words where it ends before. */
  said(isIt: (line: string) => boolean): Promise<string>;
  readonly gone: Promise<number | null>;
  /** Ends it in the midst of whatever it does. */
  kill(): Promise<void>;
  /** Ends it in good order; answers its exit code. */
  stop(): Promise<number | null>;
}

const longestMemory = 500;

export const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>>): Running => {
  const { PATH = '', HOME = '' } = process.env;
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endsWithUs(child);
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > longestMemory) lines.shift();
      for (const listener of listeners) listener(line);
    });
  }
  const gone = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    lines,
    gone,
    async said(isIt) {
      const already = lines.find(isIt);
      if (already !== undefined) return already;
      const heard = Promise.withResolvers<string>();
      const listener = (line: string) => {
        if (isIt(line)) heard.resolve(line);
      };
      listeners.add(listener);
      void gone.then((code) => heard.reject(new Error(`${program} ${args.join(' ')} ended (${code}):\n${lines.slice(-20).join('\n')}`)));
      return heard.promise.finally(() => listeners.delete(listener));
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    stop() {
      child.kill('SIGTERM');
      return gone;
    },
  };
};
