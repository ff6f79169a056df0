// The processes of a run: servers that are measured, and the load. Each is started, asked and ended here.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Crowded, Crowding } from './crowd.ts';
import type { FromLoad, Measured, ToLoad, Turn } from './load.ts';
import type { Stage } from './stage.ts';

const quiet = '--disable-warning=ExperimentalWarning';
const packageJson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: { start: string } };
/** What `npm start` gives to Node. */
const flags = packageJson.scripts.start.split(' ').filter((word) => word.startsWith('--'));
const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** The port that a line of a JSON log tells: as a number, or in an address. */
const portIn = (line: string): number | null => {
  const { port, url } = line.startsWith('{') ? JSON.parse(line) : {};
  if (typeof port === 'number') return port;
  return typeof url === 'string' ? Number(new URL(url).port) : null;
};

const isComplaint = /^\{"level":("error"|[56]0)/;

/** Starts a script and waits until it tells its port. What it complains of is shown when it ends too early, or at the end. */
const startServer = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Server> => {
  const child = spawn(process.execPath, [...flags, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  const note = (line: string) => complaints.push(line) > 20 && complaints.shift();
  let [port, begun] = [0, ''];
  let last: Buffer = Buffer.alloc(0);
  createInterface({ input: child.stderr }).on('line', note);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code} before it listened:\n${complaints.join('\n')}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      // A server writes a line for each request: once it listens nothing here may cost anything per line.
      last = chunk;
      if (port > 0) return;
      const lines = (begun + chunk).split('\n');
      begun = lines.pop() ?? '';
      for (const line of lines) {
        port ||= portIn(line) ?? 0;
        if (isComplaint.test(line)) note(line);
      }
      if (port > 0) resolve();
    });
  });
  complaints.length = 0;
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
      if (child.exitCode === 0) return;
      for (const line of [
        ...complaints,
        ...last
          .toString()
          .split('\n')
          .filter((text) => isComplaint.test(text)),
      ])
        console.error(line);
    },
  };
};

/** Servers that the environment may name for other uses: an empty address is none. */
const noEngines = { EVENTSTORE_URL: '', DATABASE_URL: '', REDIS_URL: '', KAFKA_BROKERS: '', ELASTICSEARCH_URL: '', CLICKHOUSE_URL: '' };

/** What the server under test is told: limits as they are by default, one proxy of ours in front. */
export const serverEnv = (dataDir: string) => ({
  ...noEngines,
  DATA_DIR: dataDir,
  PORT: '0',
  HOST: '127.0.0.1',
  TRUSTED_PROXY_HOPS: '1',
  LOG_LEVEL: 'info',
});

/** `profileTo`: a folder for CPU profiles of all its threads. */
export const startMarketplace = (dataDir: string, profileTo: string | null, more: Readonly<Record<string, string>> = {}) =>
  startServer([...(profileTo ? ['--cpu-prof', `--cpu-prof-dir=${profileTo}`] : []), fileOf('../main.ts'), 'start'], {
    ...serverEnv(dataDir),
    ...more,
  });

export const startBare = (sizes: readonly number[]) => startServer([fileOf('bare.ts'), ...sizes.map(String)], {});

export interface Load {
  run(turn: Turn): Promise<Measured>;
  crowd(crowding: Crowding): Promise<Crowded>;
  end(): Promise<void>;
}

export const startLoad = (stage: Stage): Load => {
  const child = fork(fileOf('load.ts'), { execArgv: [quiet] });
  const send = (message: ToLoad) => child.send(message);
  send({ kind: 'stage', stage });
  const asked = (message: ToLoad) =>
    new Promise<FromLoad>((resolve, reject) => {
      const died = () => reject(new Error('the load ended by itself'));
      child.once('exit', died);
      child.once('message', (answer: FromLoad) => {
        child.off('exit', died);
        if (answer.kind === 'failed') reject(new Error(answer.message));
        else resolve(answer);
      });
      send(message);
    });
  const unexpected = ({ kind }: FromLoad) => new Error(`the load answered ${kind}`);
  return {
    run: async (turn) => {
      const answer = await asked({ kind: 'turn', turn });
      if (answer.kind !== 'done') throw unexpected(answer);
      return answer.measured;
    },
    crowd: async (crowding) => {
      const answer = await asked({ kind: 'crowd', crowding });
      if (answer.kind !== 'crowded') throw unexpected(answer);
      return answer.crowded;
    },
    end: async () => {
      send({ kind: 'end' });
      await ended(child);
    },
  };
};

/** A process and all below it, as /proc shows them; null where there is none. */
const treeOf = (pid: number): number[] | null => {
  try {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        parents.set(Number(name), Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]));
      } catch {
        // It ended meanwhile.
      }
    }
    const isBelow = (child: number): boolean => child === pid || (child > 1 && isBelow(parents.get(child) ?? 0));
    return [...parents.keys()].filter(isBelow);
  } catch {
    return null;
  }
};

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Resident memory in MiB: of a process with all below it, and of each, by what it runs. */
export interface Memory {
  readonly all: number;
  readonly each: Readonly<Record<string, number>>;
}

/** What a process runs: `node main.ts`. */
const commandOf = (pid: number): string => {
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const script = args.find((arg) => arg !== '' && !arg.startsWith('-'));
  return [program, script ?? '']
    .map((path) => basename(path))
    .join(' ')
    .trim();
};

export const treeMemory = (pid: number): Memory | null => {
  const each: Record<string, number> = {};
  for (const id of treeOf(pid) ?? []) {
    try {
      const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
      const command = commandOf(id);
      each[command] = Math.round((each[command] ?? 0) + resident);
    } catch {
      // It ended meanwhile.
    }
  }
  const all = sum(Object.values(each));
  return all > 0 ? { all, each } : null;
};

/** Milliseconds of CPU that it has used: the main thread of the process, and everything else in the tree. Ticks are 10 ms. */
export interface Cpu {
  readonly main: number;
  readonly others: number;
}

/** `withEnded`: and what its children had used that have ended. */
const usedIn = (file: string, withEnded = false): number => {
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return sum(fields.slice(11, withEnded ? 15 : 13).map(Number)) * 10;
};

export const treeCpu = (pid: number): Cpu | null => {
  const tree = treeOf(pid);
  if (!tree) return null;
  const main = usedIn(`/proc/${pid}/task/${pid}/stat`);
  return { main, others: sum(tree.map((id) => usedIn(`/proc/${id}/stat`, true))) - main };
};
