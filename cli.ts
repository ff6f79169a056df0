// The commands of the command line, and how a line is run.
import { resolve } from 'node:path';
import { ask, printEach, printTable, type Row, word } from './ask.ts';
import { type Command, type Io, waitOf, waitOption } from './command.ts';
import { seedDemo } from './commands/demo/seed.ts';
import { engines } from './engine-commands.ts';
import { runOlistImport } from './import-olist.ts';
import { backup, restore } from './infra/backup.ts';
import { type Given, help, helpAskedBy, oneOf, readCommand, UsageError } from './infra/cli/arguments.ts';
import { exitCodeOf, mayBeOfAnEngine } from './infra/cli/explain.ts';
import { createProgress, type Screen } from './infra/cli/progress.ts';
import { type Config, describeConfig, readConfig } from './infra/config.ts';
import { diagnosed } from './infra/connect-diagnosis.ts';
import { roles as tokenRoles } from './infra/http/env.ts';
import { roles, serviceNames } from './infra/services.ts';
import { grantedRoles } from './operations.ts';
import packageJson from './package.json' with { type: 'json' };
import type { Part } from './part.ts';
import { sagas } from './saga-commands.ts';
import { type StartOptions, start, startPart } from './start.ts';

const eventLine = (found: Row) => {
  const { position, streamId, revision, event, metadata } = found as Row & { event: { type: string }; metadata: { occurredAt: string } };
  const { type, ...data } = event;
  return `${position}  ${metadata.occurredAt}  ${streamId}@${revision}  ${type}  ${JSON.stringify(data)}`;
};

const statusColumns = ['name', 'version', 'state', 'position', 'behind', 'parked', 'reason'];

/** More than these are read page by page, with --after. */
const maxTail = 100_000;

const events: Readonly<Record<string, Command>> = {
  'events tail': {
    usage: '[--follow] [--count N] [--after POSITION] [--type TYPE]',
    about:
      'The last events of the log (20 unless told), or the last ones of a type (or of all types that begin with it, such as order); with --after all that come after a position; with --follow those that come later, too.',
    options: { follow: { type: 'boolean', short: 'f' }, count: { type: 'string' }, after: { type: 'string' }, type: { type: 'string' } },
    run: (given, io) => {
      const after = given.number('after');
      const type = given.text('type');
      const input = {
        follow: given.flag('follow'),
        count: given.number('count', 0, maxTail) ?? 20,
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

const access: Readonly<Record<string, Command>> = {
  'users grant': {
    usage: 'E-MAIL|ID ROLE',
    about: `Gives an account a role (${grantedRoles.join(', ')}): how the first administrator comes to be.`,
    words: [2, 2],
    run: (given, io) =>
      printEach(
        given,
        io,
        ask('users.grant', { who: word(given, 0), role: oneOf('role', grantedRoles, word(given, 1)) }, io),
        ({ userId, role, granted }) => `${userId} ${granted ? 'is now' : 'was already'} ${role}`,
      ),
  },
  tokens: {
    usage: '--count N --roles ROLE[,ROLE] [--users ID[,ID]] [--seller ID]',
    about: 'Bearer tokens for load tests, one per line; never in production.',
    options: { count: { type: 'string' }, roles: { type: 'string' }, users: { type: 'string' }, seller: { type: 'string' } },
    run: (given, io) => {
      if (io.config.NODE_ENV === 'production') throw new UsageError('Tokens are not minted in production: sign in.');
      const wanted = given.list('roles').map((role) => oneOf('role', tokenRoles, role));
      const input = {
        count: given.number('count', 1, 100_000) ?? 1,
        roles: wanted.length > 0 ? wanted : ['CUSTOMER'],
        users: given.list('users'),
        seller: given.text('seller') ?? null,
      };
      return printEach(given, io, ask('tokens', input, io), ({ token }) => String(token));
    },
  },
};

const imports: Readonly<Record<string, Command>> = {
  'import olist': {
    usage: 'DIR [--verify] [--all] [--wait MINUTES]',
    about:
      'Imports the Olist orders in DIR; with --verify it compares every figure of the files with the product and shows those that differ (--all: each of them). Again: adds nothing.',
    words: [1, 1],
    options: { verify: { type: 'boolean' }, all: { type: 'boolean' }, ...waitOption },
    run: (given, io) =>
      runOlistImport({
        ...io,
        longestMs: waitOf(given),
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
      io.letGo();
      const files = backup(io.config.DATA_DIR, directory, (_name, done, all) => io.progress('backup', done, all));
      return copied(given, io, { directory, files }, `copied to ${directory}; prove it with: audit verify ${directory}`);
    },
  },
  restore: {
    usage: 'DIR',
    about: 'Brings a backup back to an empty DATA_DIR; the next start folds the read models again.',
    words: [1, 1],
    run: async (given, io) => {
      io.letGo();
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
    usage: '[--role ROLE] [--services NAME[,NAME]] [--begin-anew]',
    about: `Runs the marketplace until SIGTERM or Ctrl-C; or a part of it: one role (${roles.join(', ')}), or the APIs of some services (${serviceNames.join(', ')}). With --begin-anew also where log or vault are missing beside other data.`,
    options: { role: { type: 'string' }, services: { type: 'string' }, 'begin-anew': { type: 'boolean' } },
    run: async (given, { config, progress, signal }) => {
      const part = partOf(given);
      if (part) await startPart(config, part, { progress, signal });
      else await start(config, { progress, signal, beginAnew: given.flag('begin-anew'), ...demoFor(config) });
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
  /** Where progress is drawn, and where stands what is no answer. */
  readonly screen: Screen;
  /** From here on the first SIGINT ends the process at once: for work that blocks, and leaves nothing half done under its name. */
  readonly letGo: () => void;
  /** Aborted, by an Interrupted, when the person at the keyboard or the system wants an end. */
  readonly signal: AbortSignal;
}

const program = 'npx node main.ts';

/** `start` is there to be ended; any other command that is ended before it is done says so by its exit code. */
const isEndless = (name: string) => name === 'start';

/** Runs what `line` says; answers the exit code. Throws UsageError and what the command throws. */
export const runCommandLine = async (line: readonly string[], { env, print, screen, letGo, signal }: Surroundings): Promise<number> => {
  const asked = helpAskedBy(commands, line);
  if (asked) {
    print(help(commands, program, asked));
    return 0;
  }
  if (line[0] === '--version' || line[0] === '-v' || line[0] === 'version') {
    print(`${packageJson.name} ${packageJson.version}`);
    return 0;
  }
  const { name, given } = readCommand(commands, program, line);
  const notice = (text: string) => screen.write(`${text}\n`);
  const io: Io = { config: readConfig(env), print, notice, progress: createProgress(screen), letGo, signal };
  try {
    const code = (await commands[name]?.run(given, io)) ?? 0;
    return isEndless(name) ? code : (exitCodeOf(signal) ?? code);
  } catch (error) {
    throw mayBeOfAnEngine(error) && !signal.aborted ? await diagnosed(error, io.config, line) : error;
  }
};
