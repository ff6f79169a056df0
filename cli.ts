// What each command of the command line does. Where a process owns the data it is asked, else the data is opened here.
import { resolve } from 'node:path';
import type { Command, Io } from './command.ts';
import { seedDemo } from './commands/demo/seed.ts';
import { perform } from './control.ts';
import { engines } from './engine-commands.ts';
import { runOlistImport } from './import-olist.ts';
import { backup, restore } from './infra/backup.ts';
import { type Given, help, readCommand, UsageError } from './infra/cli/arguments.ts';
import { createProgress, type Screen } from './infra/cli/progress.ts';
import { askOwner } from './infra/cli/remote.ts';
import { type Cell, table } from './infra/cli/table.ts';
import { type Config, describeConfig, readConfig } from './infra/config.ts';
import { lockDataDir, ownerOf } from './infra/data-dir.ts';
import { roles, serviceNames } from './infra/services.ts';
import { logger } from './infra/telemetry/log.ts';
import { openMarketplace } from './marketplace.ts';
import type { Part } from './part.ts';
import { type StartOptions, start, startPart } from './start.ts';

interface ProgressLine {
  readonly progress: { readonly what: string; readonly done: number; readonly all: number };
}
const isProgress = (line: object): line is ProgressLine => 'progress' in line;

/** Opens the data for one operation. Sagas stay asleep: who looks, or settles one thing, sends nothing to anybody. */
async function* performHere(operation: string, input: object, { config, progress, signal }: Io): AsyncIterable<object> {
  // In a fleet nobody owns the data: it stands on servers that take turns by themselves.
  const lock = config.EVENTSTORE_URL ? null : lockDataDir(config.DATA_DIR);
  const marketplace = await openMarketplace(
    { ...config, ANALYTICS: 'off' },
    { log: logger('error'), isAsleep: true, onProgress: progress },
  );
  try {
    yield* perform(marketplace, operation, input, signal);
  } finally {
    await marketplace.close();
    lock?.release();
  }
}

/** What an operation yields, its progress drawn on the way. */
async function* ask(operation: string, input: object, io: Io): AsyncIterable<object> {
  const owner = ownerOf(io.config.DATA_DIR);
  const answers = owner ? askOwner(owner, operation, input, io.signal) : performHere(operation, input, io);
  for await (const line of answers) {
    if (isProgress(line)) io.progress(line.progress.what, line.progress.done, line.progress.all);
    else yield line;
  }
}

type Row = Readonly<Record<string, Cell>>;

/** Prints every line as it comes: as JSON, or as `line` writes it. */
const printEach = async (given: Given, io: Io, lines: AsyncIterable<object>, line: (found: Row) => string) => {
  for await (const found of lines) io.print(given.flag('json') ? JSON.stringify(found) : line(found as Row));
  return undefined;
};

/** Prints all lines as one table, or as JSON. */
const printTable = async (given: Given, io: Io, lines: AsyncIterable<object>, columns: readonly string[]) => {
  const rows: Row[] = [];
  for await (const found of lines) {
    if (given.flag('json')) io.print(JSON.stringify(found));
    else rows.push(found as Row);
  }
  if (!given.flag('json')) io.print(table(columns, rows));
  return undefined;
};

const eventLine = (found: Row) => {
  const { position, streamId, revision, event, metadata } = found as Row & { event: { type: string }; metadata: { occurredAt: string } };
  const { type, ...data } = event;
  return `${position}  ${metadata.occurredAt}  ${streamId}@${revision}  ${type}  ${JSON.stringify(data)}`;
};

const word = (given: Given, n: number) => given.words[n] ?? '';
const statusColumns = ['name', 'version', 'state', 'position', 'behind', 'parked', 'reason'];
const sagaColumns = ['saga', 'instance', 'outcome', 'openIntents', 'wakeAt', 'updatedAt'];

const events: Readonly<Record<string, Command>> = {
  'events tail': {
    usage: '[--follow] [--count N] [--after POSITION] [--type TYPE]',
    about: 'The last events of the log (20 unless told), and with --follow those that come.',
    options: { follow: { type: 'boolean', short: 'f' }, count: { type: 'string' }, after: { type: 'string' }, type: { type: 'string' } },
    run: (given, io) => {
      const after = given.number('after');
      const type = given.text('type');
      const input = {
        follow: given.flag('follow'),
        count: given.number('count') ?? 20,
        ...(after !== undefined && { after }),
        ...(type !== undefined && { type }),
      };
      return printEach(given, io, ask('events.tail', input, io), eventLine);
    },
  },
  'events show': {
    usage: 'STREAM [--from REVISION]',
    about: 'All events of one stream, such as order-<id>.',
    words: [1, 1],
    options: { from: { type: 'string' } },
    run: (given, io) =>
      printEach(given, io, ask('events.show', { streamId: word(given, 0), from: given.number('from') ?? 0 }, io), eventLine),
  },
};

const settleRow = (how: 'retry' | 'skip', about: string): Command => ({
  usage: 'PROJECTION KEY',
  about,
  words: [2, 2],
  run: (given, io) =>
    printEach(
      given,
      io,
      ask(`projections.${how}`, { projection: word(given, 0), key: word(given, 1) }, io),
      ({ projection, key }) => `${projection} ${key}: ${how === 'retry' ? 'folded again' : 'given up as it stands'}`,
    ),
});

const projections: Readonly<Record<string, Command>> = {
  'projections status': {
    usage: '',
    about: 'Every read model: its version, how far it is, whether rows are parked.',
    run: (given, io) => printTable(given, io, ask('projections.status', {}, io), statusColumns),
  },
  'projections rebuild': {
    usage: '[NAME…] [--all]',
    about: 'Builds read models anew beside the live ones and swaps them in.',
    words: [0, 100],
    options: { all: { type: 'boolean' } },
    run: (given, io) => {
      if (given.flag('all') === given.words.length > 0) throw new UsageError('Name the projections to rebuild, or say --all.');
      return printTable(given, io, ask('projections.rebuild', { names: [...given.words] }, io), statusColumns);
    },
  },
  'projections parked': {
    usage: '',
    about: 'Rows that wait because an event could not be folded into them.',
    run: (given, io) => printTable(given, io, ask('projections.parked', {}, io), ['projection', 'key', 'firstPosition', 'reason']),
  },
  'projections retry': settleRow('retry', 'Folds a parked row again.'),
  'projections skip': settleRow('skip', 'Gives a parked row up as it stands; later events count again.'),
};

const settleSaga = (operation: 'retry' | 'close', about: string): Command => ({
  usage: 'SAGA ID',
  about,
  words: [2, 2],
  run: (given, io) =>
    printEach(
      given,
      io,
      ask(`sagas.${operation}`, { saga: word(given, 0), instance: word(given, 1) }, io),
      ({ saga, instance }) => `${saga} ${instance}: ${operation === 'retry' ? 'is tried again' : 'counts as settled by hand'}`,
    ),
});

const sagas: Readonly<Record<string, Command>> = {
  'sagas list': {
    usage: '[--saga NAME] [--outcome Running|NeedsHuman|Completed|Compensated] [--limit N]',
    about: 'Sagas that are under way or need a human, the newest first.',
    options: { saga: { type: 'string' }, outcome: { type: 'string' }, limit: { type: 'string' } },
    run: (given, io) => {
      const [saga, outcome] = [given.text('saga'), given.text('outcome')];
      const input = { limit: given.number('limit') ?? 50, ...(saga !== undefined && { saga }), ...(outcome !== undefined && { outcome }) };
      return printTable(given, io, ask('sagas.list', input, io), sagaColumns);
    },
  },
  'sagas show': {
    usage: 'SAGA ID',
    about: 'One saga with its state and what it waits for.',
    words: [2, 2],
    run: (given, io) =>
      printEach(given, io, ask('sagas.show', { saga: word(given, 0), instance: word(given, 1) }, io), (row) =>
        JSON.stringify(row, null, 2),
      ),
  },
  'sagas retry': settleSaga('retry', 'Tries again what was refused in a saga that needs a human.'),
  'sagas resolve': settleSaga('close', 'Takes a saga that needs a human as settled by hand.'),
};

const access: Readonly<Record<string, Command>> = {
  'users grant': {
    usage: 'E-MAIL|ID ROLE',
    about: 'Gives an account a role (CUSTOMER, AUDITOR, ANALYST, ADMIN or SUPER_ADMIN): how the first administrator comes to be.',
    words: [2, 2],
    run: (given, io) =>
      printEach(
        given,
        io,
        ask('users.grant', { who: word(given, 0), role: word(given, 1) }, io),
        ({ userId, role, granted }) => `${userId} ${granted ? 'is now' : 'was already'} ${role}`,
      ),
  },
  tokens: {
    usage: '--count N --roles ROLE[,ROLE] [--users ID[,ID]] [--seller ID]',
    about: 'Bearer tokens for load tests, one per line; never in production.',
    options: { count: { type: 'string' }, roles: { type: 'string' }, users: { type: 'string' }, seller: { type: 'string' } },
    run: (given, io) => {
      if (io.config.NODE_ENV === 'production') throw new UsageError('Tokens are not minted in production: sign in.');
      const roles = given.list('roles');
      const input = {
        count: given.number('count') ?? 1,
        roles: roles.length > 0 ? roles : ['CUSTOMER'],
        users: given.list('users'),
        seller: given.text('seller') ?? null,
      };
      return printEach(given, io, ask('tokens', input, io), ({ token }) => String(token));
    },
  },
};

const imports: Readonly<Record<string, Command>> = {
  'import olist': {
    usage: 'DIR [--verify] [--all]',
    about:
      'Imports the Olist orders in DIR; with --verify it compares every figure of the files with the product and shows those that differ (--all: each of them). Again: adds nothing.',
    words: [1, 1],
    options: { verify: { type: 'boolean' }, all: { type: 'boolean' } },
    run: (given, io) =>
      runOlistImport({
        ...io,
        directory: resolve(word(given, 0)),
        verify: given.flag('verify'),
        all: given.flag('all'),
        json: given.flag('json'),
      }),
  },
};

const copied = (given: Given, { print }: Io, what: { directory: string; files: readonly string[] }, sentence: string) => {
  print(given.flag('json') ? JSON.stringify(what) : `${what.files.join(', ')}: ${sentence}`);
  return undefined;
};

const data: Readonly<Record<string, Command>> = {
  backup: {
    usage: 'DIR',
    about: 'Copies log, vault and keys of the running marketplace to a new folder.',
    words: [1, 1],
    run: async (given, io) => {
      const directory = resolve(word(given, 0));
      const files = backup(io.config.DATA_DIR, directory, (_name, done, all) => io.progress('backup', done, all));
      return copied(given, io, { directory, files }, `copied to ${directory}; prove it with: audit verify ${directory}`);
    },
  },
  restore: {
    usage: 'DIR',
    about: 'Brings a backup back to an empty DATA_DIR; the next start folds the read models again.',
    words: [1, 1],
    run: async (given, io) => {
      const files = restore(resolve(word(given, 0)), io.config.DATA_DIR, (_name, done, all) => io.progress('restore', done, all));
      return copied(given, io, { directory: io.config.DATA_DIR, files }, `restored to ${io.config.DATA_DIR}`);
    },
  },
  config: {
    usage: '',
    about: 'The configuration as it is used, secrets masked.',
    run: async (given, { config, print }) => {
      const text = describeConfig(config);
      const pairs = text.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
      print(given.flag('json') ? JSON.stringify(Object.fromEntries(pairs)) : text);
      return undefined;
    },
  },
};

const oneOf = <Name extends string>(what: string, names: readonly Name[], given: string): Name => {
  const found = names.find((name) => name === given);
  if (!found) throw new UsageError(`There is no ${what} ${given}; there are: ${names.join(', ')}.`);
  return found;
};

/** The part of the marketplace that is to be started; null for all of it. */
const partOf = (given: Given): Part | null => {
  const role = given.text('role');
  const services = given.list('services').map((name) => oneOf('service', serviceNames, name));
  if (role === undefined && services.length === 0) return null;
  return { ...(role !== undefined && { role: oneOf('role', roles, role) }), services };
};

/** An empty store is filled with goods to try, in development. */
const demoFor = ({ NODE_ENV, SEED_DEMO }: Config): Pick<StartOptions, 'seedDemo'> =>
  NODE_ENV === 'development' && SEED_DEMO === 'on'
    ? { seedDemo: (marketplace) => seedDemo(marketplace.auth, new Date(marketplace.now()).toISOString()) }
    : {};

export const commands: Readonly<Record<string, Command>> = {
  start: {
    usage: '[--role ROLE] [--services NAME[,NAME]]',
    about: `Runs the marketplace until SIGTERM or Ctrl-C; or a part of it: one role (${roles.join(', ')}), or the APIs of some services (${serviceNames.join(', ')}).`,
    options: { role: { type: 'string' }, services: { type: 'string' } },
    run: async (given, { config, progress, signal }) => {
      const part = partOf(given);
      if (part) await startPart(config, part, { progress, signal });
      else await start(config, { progress, signal, ...demoFor(config) });
      return undefined;
    },
  },
  ...events,
  ...projections,
  ...sagas,
  ...access,
  ...imports,
  ...engines,
  ...data,
};

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  /** Where progress is drawn. */
  readonly screen: Screen;
  /** Aborted when the person at the keyboard, or the system, wants an end. */
  readonly signal: AbortSignal;
}

const program = 'node main.ts';

/** Runs what `line` says; answers the exit code. Throws UsageError and what the command throws. */
export const runCommandLine = async (line: readonly string[], { env, print, screen, signal }: Surroundings): Promise<number> => {
  const [first = 'help'] = line;
  if (first === 'help' || first === '--help' || first === '-h') {
    print(help(commands, program));
    return 0;
  }
  const { name, given } = readCommand(commands, line);
  if (given.flag('help')) {
    print(help(commands, program, name));
    return 0;
  }
  return (await commands[name]?.run(given, { config: readConfig(env), print, progress: createProgress(screen), signal })) ?? 0;
};
