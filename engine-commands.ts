// Commands about the engines below: proving the log, carrying it to another engine, making the topics of Kafka.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, patienceOf, waitOption } from './command.ts';
import { publicMessages } from './domain/public-messages.ts';
import { eventContract } from './domain/registry.ts';
import { UsageError } from './infra/cli/arguments.ts';
import { connectTopics, copyLog, verifyAnyLog } from './infra/connect-log.ts';
import { NoData } from './infra/data-dir.ts';

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
    if (given.flag('json')) print(JSON.stringify({ log, events, streams, faults, ...(foreign && { foreign }) }));
    else {
      for (const line of shownFaults(faults)) print(line);
      if (foreign && foreign.events > 0) print(`not of this log: ${foreign.events} events in ${foreign.streams} streams`);
      print(`${events} events in ${streams} streams: ${faults.length === 0 ? 'all as they were written' : `${faults.length} faults`}`);
    }
    return faults.length === 0 ? undefined : 1;
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

export const engines: Readonly<Record<string, Command>> = { 'audit verify': verify, 'events copy': copy, 'topics apply': apply };
