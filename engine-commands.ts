// Commands about the engines below: proving the log, carrying it to another engine, making the topics of Kafka.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, patienceOf, waitOption } from './command.ts';
import { publicMessages } from './domain/public-messages.ts';
import { eventContract } from './domain/registry.ts';
import { UsageError } from './infra/cli/arguments.ts';
import { connectTopics, copyLog, verifyAnyLog } from './infra/connect-log.ts';
import { lockDataDir, NoData } from './infra/data-dir.ts';
import { acceptGaps } from './infra/event-store/gaps.ts';
import { verifyLog } from './infra/event-store/verify.ts';

/** Where a log stands: an address of EventStoreDB, or a folder, such as DATA_DIR or a backup. */
const placeOf = (text: string): string => {
  if (/^(esdb|kurrentdb)(\+discover)?:/.test(text)) return text;
  return text.endsWith('.db') ? resolve(text) : join(resolve(text), 'log.db');
};

/** A file of a log that is to be read: nothing is made where there is none. Throws NoData. */
const existing = (place: string): string => {
  if (place.endsWith('.db') && !existsSync(place))
    throw new NoData(`There is no log at ${place}: name the folder of a marketplace or of a backup, or set DATA_DIR to it.`);
  return place;
};

const shownFaults = (faults: readonly { readonly streamId: string; readonly revision: number; readonly reason: string }[]) =>
  faults.map(({ streamId, revision, reason }) => `FAULT ${streamId || 'the log'}${revision < 0 ? '' : `@${revision}`}: ${reason}`);

const verify: Command = {
  usage: '[DIR|ADDRESS] [--wait MINUTES]',
  about: 'Proves that nobody has changed the past: checks every event of the configured log, or of the one in a backup or at an address.',
  words: [0, 1],
  options: waitOption,
  run: async (given, io) => {
    const { config, print, progress, signal } = io;
    const place = given.words[0] ?? config.EVENTSTORE_URL ?? config.DATA_DIR;
    const { log, found } = await verifyAnyLog(
      existing(placeOf(place)),
      { owns: eventContract.owns, patience: patienceOf(given, io) },
      (done, all) => {
        signal.throwIfAborted();
        progress('verify', done, all);
      },
    );
    signal.throwIfAborted();
    const { events, streams, faults, foreign } = found;
    if (given.flag('json'))
      print(JSON.stringify({ log, events, streams, faults, ...(found.gaps && { gaps: found.gaps }), ...(foreign && { foreign }) }));
    else {
      for (const line of shownFaults(faults)) print(line);
      for (const { first, last, accepted } of found.gaps ?? [])
        if (accepted) print(`positions ${first} to ${last} are missing, accepted at ${accepted.at}: ${accepted.reason}`);
      if (foreign && foreign.events > 0) print(`not of this log: ${foreign.events} events in ${foreign.streams} streams`);
      print(`${events} events in ${streams} streams: ${faults.length === 0 ? 'all as they were written' : `${faults.length} faults`}`);
    }
    return faults.length === 0 ? undefined : 1;
  },
};

/** What is accepted must be a gap and nothing else: no chain is broken, and nothing tells of an event that is missing. */
const acceptingGaps: Command = {
  usage: '[DIR] --reason TEXT',
  about:
    'Accepts positions of a log at which no event stands, as a full disk left them under releases before 0.2. The log remembers when and why. Refuses where events were taken out.',
  words: [0, 1],
  options: { reason: { type: 'string' } },
  run: async (given, { config, print }) => {
    const reason = given.text('reason');
    if (!reason) throw new UsageError('Say why they are accepted: --reason "…".');
    const directory = resolve(given.words[0] ?? config.DATA_DIR);
    const file = existing(placeOf(directory));
    const lock = lockDataDir(directory);
    try {
      const { faults, gaps = [] } = await verifyLog(file);
      const open = gaps.filter(({ accepted }) => accepted === null);
      const others = faults.slice(open.length);
      for (const line of shownFaults(others)) print(line);
      if (others.length > 0) {
        print('Nothing is accepted: more than positions is missing. Restore a backup, or find out who has changed the log.');
        return 1;
      }
      acceptGaps(file, reason, Date.now());
      for (const { first, last } of open) print(`accepted: positions ${first} to ${last}`);
      if (open.length === 0) print('There is no gap that was not accepted.');
      return undefined;
    } finally {
      lock.release();
    }
  },
};

const copy: Command = {
  usage: '--from DIR|ADDRESS --to DIR|ADDRESS [--wait MINUTES]',
  about:
    'Carries a log that nobody writes to another engine, in order and byte for byte, and proves both equal. Again: goes on where it ended.',
  options: { from: { type: 'string' }, to: { type: 'string' }, ...waitOption },
  run: async (given, io) => {
    const { print, progress, signal } = io;
    const [from, to] = [given.text('from'), given.text('to')];
    if (!from || !to) throw new UsageError('Say --from and --to: each a folder with a log.db, or an address such as esdb://host:2113.');
    const source = existing(placeOf(from));
    const copied = await copyLog(source, placeOf(to), {
      owns: eventContract.owns,
      patience: patienceOf(given, io),
      onProgress: progress,
      signal,
    });
    if (given.flag('json')) print(JSON.stringify(copied));
    else {
      for (const line of shownFaults(copied.faults)) print(line);
      const { found, copied: carried, events, streams, faults } = copied;
      print(
        `${carried} events carried, ${found} were there; ${events} events in ${streams} streams compared: ${faults.length === 0 ? 'equal' : `${faults.length} faults`}`,
      );
    }
    return copied.faults.length === 0 ? undefined : 1;
  },
};

const apply: Command = {
  usage: '[--partitions N] [--replication N]',
  about: 'Makes the topics of Kafka that are missing, and sets their configuration right.',
  options: { partitions: { type: 'string' }, replication: { type: 'string' } },
  run: async (given, { config, print }) => {
    const [partitions, replication] = [given.number('partitions', 1, 100_000), given.number('replication', 1, 100)];
    const done = await connectTopics(config, Object.keys(publicMessages), {
      ...(partitions !== undefined && { partitions }),
      ...(replication !== undefined && { replication }),
    });
    if (!done) throw new UsageError('KAFKA_BROKERS is not set: there are no topics to make.');
    if (given.flag('json')) for (const what of done) print(JSON.stringify({ done: what }));
    else print(done.length === 0 ? 'All topics are as they should be.' : done.join('\n'));
    return undefined;
  },
};

const move: Command = {
  usage: '--to servers|folder [--wait MINUTES]',
  about:
    'Carries the whole marketplace from DATA_DIR to the servers of EVENTSTORE_URL and DATABASE_URL, or back, while nothing of it runs: log, accounts, keys, sessions, outcomes of requests, mails. Proves both sides equal; again: goes on where it ended.',
  options: { to: { type: 'string' }, ...waitOption },
  run: async (given, io) => {
    const { config, print, progress, notice, signal } = io;
    const to = given.oneOf('to', ['servers', 'folder'] as const);
    if (!to) throw new UsageError('Say --to servers or --to folder.');
    if (!config.EVENTSTORE_URL || !config.DATABASE_URL)
      throw new UsageError('Set EVENTSTORE_URL and DATABASE_URL to the servers of the fleet, and DATA_DIR to the folder.');
    const { moveMarketplace } = await import('./infra/connect-move.ts');
    const moved = await moveMarketplace(config, to, {
      ...{ owns: eventContract.owns, patience: patienceOf(given, io), onProgress: progress, signal },
    });
    const { log, rows } = moved;
    const wrong = Object.values(rows).reduce((sum, { differences }) => sum + differences, log.faults.length);
    if (given.flag('json')) print(JSON.stringify(moved));
    else {
      for (const line of shownFaults(log.faults)) print(line);
      print(`${log.events} events in ${log.streams} streams`);
      for (const [name, { rows: count, differences }] of Object.entries(rows))
        print(`${count} ${name}${differences > 0 ? `, ${differences} differ` : ''}`);
      print(wrong === 0 ? `equal; the marketplace stands at ${moved.to} now` : `${wrong} faults; it stands where it stood`);
    }
    if (wrong === 0 && to === 'servers' && !config.MASTER_KEY)
      notice(`Give all processes the key in ${join(config.DATA_DIR, 'master.key')} as MASTER_KEY.`);
    return wrong === 0 ? undefined : 1;
  },
};

export const engines: Readonly<Record<string, Command>> = {
  move,
  'audit verify': verify,
  'audit accept-gaps': acceptingGaps,
  'events copy': copy,
  'topics apply': apply,
};
