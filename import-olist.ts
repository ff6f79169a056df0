// `import olist`: by the process that owns the data where one runs, else here on log and vault alone; then, if asked, compared with the files.
import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { createHandle, type Handle } from './commands/handle.ts';
import { type Imported, importOlist } from './commands/import/olist.ts';
import { categoryIdOf } from './commands/import/olist-ids.ts';
import { type OlistImport, planOlist } from './commands/import/olist-timeline.ts';
import { createCarrier } from './commands/sagas/imported.ts';
import { category } from './domain/category/category.ts';
import { positionText } from './domain/position.ts';
import { eventContract } from './domain/registry.ts';
import type { Progress } from './infra/cli/progress.ts';
import { askOwner } from './infra/cli/remote.ts';
import type { Config } from './infra/config.ts';
import { connectVault } from './infra/connect.ts';
import { connectLog } from './infra/connect-log.ts';
import { lockDataDir, mustBeWhole, type Owner, ownerOf } from './infra/data-dir.ts';
import type { EventStore } from './infra/event-store/port.ts';
import { readOlistFiles } from './infra/import/olist-files.ts';
import { type Ask, verifyOlist } from './infra/import/verify-olist.ts';
import { createPace } from './infra/pace.ts';
import { createPatience, type Patience } from './infra/patience.ts';
import { logger } from './infra/telemetry/log.ts';
import type { Seals } from './infra/vault/port.ts';
import { openMarketplace } from './marketplace.ts';

/** Streams that are kept in memory: an order's are used for weeks of the files' time, which is a few hundred orders. */
const states = 50_000;
/** Things under way at once: enough for the embedded log to write large groups, and no more than a server answers in time. */
const atOnceHere = 512;
const atOnceElsewhere = 64;
/** How often whoever looks on is told how far it is, in milliseconds. */
const progressEvery = 200;
/** How often the product is asked again while its read models catch up, in milliseconds, and how many times in all. */
const askAgainAfter = 1_000;
const askAgain = 600;

export interface ImportingNeeds {
  readonly handle: Handle;
  readonly store: EventStore;
  readonly seals: Seals;
  readonly blindIndex: (kind: string, value: string) => string;
}

/** What an import has done; `position` is where the log stands after it. */
interface Outcome extends Imported {
  readonly eventsAdded: number;
  readonly position: string;
  readonly seconds: number;
}

/** Counts what an import appends. `added` waits until all of it has been told. */
const counting = (store: EventStore) => {
  let count = 0;
  const stop = store.onCommitted((events) => {
    for (const { metadata } of events) if (metadata.origin === 'import') count += 1;
  });
  return {
    async added() {
      const head = await store.head();
      while (store.told() < head) await new Promise((resolve) => setImmediate(resolve));
      stop();
      return count;
    },
  };
};

/** How far it is, and when it is to end. */
interface Watched {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const runImport = async (needs: ImportingNeeds, plan: OlistImport, { progress, signal }: Watched): Promise<Outcome> => {
  const begun = performance.now();
  const first = plan.catalogue.categories[0];
  const fresh = !first || (await needs.handle.load(category, categoryIdOf(first.slug))).revision < 0;
  const counted = counting(needs.store);
  const imported = await importOlist(
    {
      ...needs,
      carry: createCarrier(needs.handle, fresh),
      fresh,
      progress,
      signal,
      atOnce: needs.store.isShared ? atOnceElsewhere : atOnceHere,
    },
    plan,
  );
  const { logId } = needs.store;
  const seconds = Math.round((performance.now() - begun) / 10) / 100;
  return { ...imported, eventsAdded: await counted.added(), position: positionText(logId, await needs.store.head()), seconds };
};

/** All files are read and understood before anything is written. Throws import.bad_file or import.bad_row. */
const planOf = (directory: string): OlistImport => planOlist(readOlistFiles(directory));

/** For the process that owns the data: yields how far it is, then the outcome. */
export async function* importing(
  needs: ImportingNeeds,
  { directory, longestMs }: { readonly directory: string; readonly longestMs: number },
  signal: AbortSignal,
): AsyncIterable<object> {
  const said: string[] = [];
  const patience = createPatience({ longestMs, say: (notice) => said.push(notice), signal });
  let sofar = { what: 'import', done: 0, all: 1 };
  let over = false;
  const progress: Progress = (what, done, all) => {
    sofar = { what, done, all };
  };
  const running = runImport(steady(needs, patience), planOf(directory), { progress, signal }).finally(() => {
    over = true;
  });
  running.catch(() => {}); // it is awaited below; until then somebody may want to see how far it is
  while (!over) {
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, progressEvery))]);
    for (const notice of said.splice(0)) yield { notice };
    yield { progress: sofar };
  }
  yield await running;
}

/** The same needs for work that may take its time: what is away is waited for, and commands give way to those of others. */
const steady = ({ handle, store, seals, blindIndex }: ImportingNeeds, patience: Patience): ImportingNeeds => {
  // Nothing waits for a command's turn that has one itself, or all of them might.
  const pace = createPace({ most: store.isShared ? atOnceElsewhere : atOnceHere });
  return {
    store: { ...store, head: () => patience(store.head) },
    seals: {
      ...seals,
      prepare: (ids) => patience(() => seals.prepare(ids)),
      seal: (id, value) => patience(async () => seals.seal(id, value)),
    },
    blindIndex,
    handle: Object.assign((...asked: Parameters<Handle>) => patience(() => pace.run(() => handle(...asked))), handle, {
      load: (...asked: Parameters<Handle['load']>) => patience(() => handle.load(...asked)),
      first: (...asked: Parameters<Handle['first']>) => patience(() => handle.first(...asked)),
      prepared: (...asked: Parameters<Handle['prepared']>) => patience(() => handle.prepared(...asked)),
    }) as Handle,
  };
};

/** Log and vault alone: nothing folds read models meanwhile, so that the log has the machine to itself. */
const importHere = async (
  config: Config,
  plan: OlistImport,
  { patience, ...watched }: Watched & { patience: Patience },
): Promise<Outcome> => {
  const { store, close } = await connectLog(config, { contract: eventContract, now: Date.now, onBatch: () => {}, onError: () => {} });
  const { seals, blindIndex, vault } = await connectVault(config, Date.now);
  try {
    const needs = { handle: createHandle(store, { states }), store, seals, blindIndex };
    // A log in a file is nobody else's meanwhile.
    return await runImport(store.isShared ? steady(needs, patience) : needs, plan, watched);
  } finally {
    await close();
    await vault.close();
  }
};

const importThere = async (owner: Owner, options: OlistImportOptions): Promise<Outcome> => {
  const { directory, longestMs, progress, notice, signal } = options;
  let outcome: object | null = null;
  for await (const line of askOwner(owner, 'import.olist', { directory, longestMs }, signal)) {
    if ('notice' in line) notice(String(line.notice));
    else if ('progress' in line) {
      const { what, done, all } = line.progress as { what: string; done: number; all: number };
      progress(what, done, all);
    } else outcome = line;
  }
  signal.throwIfAborted();
  if (!outcome) throw new Error('The import was broken off; run it again, it goes on from there.');
  return outcome as Outcome;
};

/** Asks over HTTP as an administrator, at or after `position`, and again while the read models have not come that far. */
const asking =
  (api: string, token: string, position: string, signal: AbortSignal): Ask =>
  async (path) => {
    for (let left = askAgain; ; left -= 1) {
      const headers = { authorization: `Bearer ${token}`, 'min-position': position };
      const response = await fetch(`${api}/api/v1${path}`, { headers, signal });
      if (response.ok) return response.json();
      if ((response.status !== 503 && response.status !== 429) || left === 0)
        throw new Error(`${path}: ${response.status} ${await response.text()}`);
      await new Promise((resolve) => setTimeout(resolve, askAgainAfter));
    }
  };

/** Starts the product on a free port, for this machine alone, for as long as `work` takes. */
const withProduct = async <T>(config: Config, progress: Progress, work: (api: string, token: string) => Promise<T>): Promise<T> => {
  const quiet: Config = { ...config, ANALYTICS: 'off', ADMIN_IP_ALLOW: [] };
  const marketplace = await openMarketplace(quiet, { log: logger('fatal'), isAsleep: true, onProgress: progress });
  const listening = Promise.withResolvers<number>();
  const server = serve({ fetch: marketplace.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => listening.resolve(port));
  server.once('error', listening.reject);
  try {
    const { token } = await marketplace.tokens.sign({ sub: randomUUID(), sid: randomUUID(), roles: ['ADMIN'], seller: null, epoch: 0 });
    return await work(`http://127.0.0.1:${await listening.promise}`, token);
  } finally {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await marketplace.close();
  }
};

const tokenOf = async (owner: Owner, signal: AbortSignal): Promise<string> => {
  for await (const line of askOwner(owner, 'tokens', { count: 1, roles: ['ADMIN'], users: [], seller: null }, signal))
    if ('token' in line) return String(line.token);
  throw new Error('The process that owns the data gave no token.');
};

export interface OlistImportOptions {
  readonly config: Config;
  /** Where the CSV files are. */
  readonly directory: string;
  readonly verify: boolean;
  /** Shows figures that agree, too. */
  readonly all: boolean;
  readonly json: boolean;
  readonly print: (line: string) => void;
  readonly progress: Progress;
  readonly notice: (line: string) => void;
  /** How long an engine that is away is waited for, in milliseconds. */
  readonly longestMs: number;
  readonly signal: AbortSignal;
}

const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');

const show = ({ print, json }: OlistImportOptions, outcome: Outcome) => {
  if (json) {
    print(JSON.stringify(outcome));
    return;
  }
  const { eventsAdded, seconds, position: _, rejectedBy, adjustedBy, passedOver, ...counts } = outcome;
  print(
    Object.entries(counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', '),
  );
  if (counts.rejected > 0) print(`left out, with their reason and money in the log: ${listed(rejectedBy)}`);
  if (counts.adjusted > 0) print(`times that are missing or came too early, taken from the step before: ${listed(adjustedBy)}`);
  for (const sentence of passedOver) print(sentence);
  print(`${eventsAdded} events added in ${seconds} s`);
};

const compare = async ({ directory, print, json, all }: OlistImportOptions, ask: Ask): Promise<number> => {
  const compared = await verifyOlist(directory, ask);
  for (const line of compared.filter(({ difference }) => all || difference !== 0)) {
    const { figure, files, product, difference } = line;
    print(json ? JSON.stringify(line) : `${figure}: files ${files}, product ${product}, difference ${difference}`);
  }
  const wrong = compared.filter(({ difference }) => difference !== 0).length;
  print(json ? JSON.stringify({ figures: compared.length, differences: wrong }) : `${compared.length} figures, ${wrong} differences`);
  return wrong;
};

/** Answers the exit code: 1 when a figure of the product differs from the files. */
export const runOlistImport = async (options: OlistImportOptions): Promise<number> => {
  const { config, directory, verify, progress, notice, longestMs, signal } = options;
  const owner = ownerOf(config.DATA_DIR);
  if (owner) {
    const outcome = await importThere(owner, options);
    show(options, outcome);
    if (!verify) return 0;
    return (await compare(options, asking(owner.api, await tokenOf(owner, signal), outcome.position, signal))) > 0 ? 1 : 0;
  }
  const plan = planOf(directory);
  const lock = config.EVENTSTORE_URL ? null : lockDataDir(config.DATA_DIR);
  mustBeWhole(config);
  try {
    const patience = createPatience({ longestMs, say: notice, signal });
    const outcome = await importHere(config, plan, { progress, signal, patience });
    show(options, outcome);
    if (!verify) return 0;
    const wrong = await withProduct(config, progress, (api, token) => compare(options, asking(api, token, outcome.position, signal)));
    return wrong > 0 ? 1 : 0;
  } finally {
    lock?.release();
  }
};
