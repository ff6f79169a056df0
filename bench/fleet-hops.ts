// Hop by hop: purchases one after the other through a fleet whose processes tell what they ask and how long they wait for it.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { logTopic } from '../infra/event-feed/kafka-topics.ts';
import type { Fleet } from '../tests/fleet/fleet.ts';
import { type Client, createClient, type Reply } from './client.ts';
import { covered, endOf, groupBy, quantile, type Spread, type Stretch, spread, sum } from './fleet-figures.ts';
import { type Place, roles } from './fleet-ground.ts';
import type { Told } from './fleet-probe.types.ts';
import { fullCheckout } from './purchase.ts';
import { cartLine } from './scenarios.ts';
import { newBuyers } from './seed.ts';
import type { Buyer, Seeded } from './stage.ts';

/** Seen from the client: one request. */
interface Asked extends Stretch {
  readonly id: string;
}

/** Of one request by the log of a process. */
interface Line {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly ms: number;
}

interface Call extends Told {
  readonly process: string;
}

interface Purchase extends Stretch {
  readonly asked: readonly Asked[];
}

export interface RequestRow {
  readonly request: string;
  readonly perCheckout: number;
  /** Medians, in milliseconds: as the client sees it; at the gateway, and of that in Redis; at the part behind it, and of that in log and PostgreSQL. */
  readonly client: number | null;
  readonly gateway: number | null;
  readonly redis: number | null;
  readonly part: number | null;
  readonly log: number | null;
  readonly postgres: number | null;
}

export interface CallRow {
  readonly process: string;
  readonly what: string;
  readonly perCheckout: number;
  readonly p50Ms: number | null;
  readonly msPerCheckout: number;
}

export interface Hops {
  readonly purchases: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly checkoutMs: Spread;
  /** Of that: requests under way, and pauses of the client before it asks again. */
  readonly requestsMs: number | null;
  readonly pausesMs: number | null;
  readonly requests: readonly RequestRow[];
  readonly calls: readonly CallRow[];
  readonly statements: readonly CallRow[];
  /** From the acknowledgement of an append until others have it, in milliseconds. */
  readonly travelMs: Readonly<Record<string, Spread>>;
  /** From the answer of a write until that of the read that asks for its position. */
  readonly readYourWriteMs: Spread;
  /** The same read without a position. */
  readonly plainReadMs: Spread;
  /** One purchase, appends and requests as they came. */
  readonly timeline: readonly string[];
}

const clock = () => performance.timeOrigin + performance.now();
/** Milliseconds after a purchase in which what it has set off comes to rest, and log lines are written. */
const rest = 250;
const warmUps = 6;
const readings = 20;

/** A client whose requests are known by their ids. */
const watched = (client: Client, asked: Asked[]): Client => ({
  ...client,
  async request(method, path, headers = '', body) {
    const id = randomUUID();
    const at = clock();
    const reply = await client.request(method, path, `${headers}x-request-id: ${id}\r\n`, body);
    asked.push({ id, at, ms: clock() - at });
    return reply;
  },
});

/** What the processes have said of these requests. */
const linesOf = (fleet: Fleet, asked: readonly Asked[]): Map<string, Map<string, Line>> => {
  const wanted = new Set(asked.map(({ id }) => id));
  const found = new Map<string, Map<string, Line>>([...wanted].map((id) => [id, new Map()]));
  for (const role of ['gateway', 'write-api', 'read-api'] as const) {
    for (const text of fleet.of(role).lines) {
      const [, id = ''] = /"requestId":"([\w-]+)"/.exec(text) ?? [];
      if (wanted.has(id)) found.get(id)?.set(role, JSON.parse(text) as Line);
    }
  }
  return found;
};

const bought = async (place: Place, fleet: Fleet, seeded: Seeded, buyers: readonly Buyer[], count: number) => {
  const client = createClient(place.ground.portOf.gateway);
  const buy = fullCheckout({ seeded, buyers });
  const outcomes: Record<string, number> = {};
  const purchases: Purchase[] = [];
  const lines = new Map<string, Map<string, Line>>();
  for (let n = 0; n < warmUps + count; n++) {
    const asked: Asked[] = [];
    const at = clock();
    const outcome = await buy(watched(client, asked), n).catch((error: Error) => error.message);
    const ms = clock() - at;
    await pause(rest);
    if (n < warmUps) continue;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (outcome !== 'ok') continue;
    purchases.push({ at, ms, asked });
    for (const [id, told] of linesOf(fleet, asked)) lines.set(id, told);
  }
  client.close();
  return { purchases, outcomes, lines };
};

const bodyOf = ({ body }: Reply): { readonly position?: string } => (body.startsWith('{') ? JSON.parse(body) : {});

/** Writes a line into the cart and reads the cart, with and without the wish to see it. */
const readYourWrites = async (port: number, { products }: Seeded, { token }: Buyer) => {
  const client = createClient(port);
  const headers = `authorization: Bearer ${token}\r\n`;
  const [there, plain]: [number[], number[]] = [[], []];
  for (let n = 0; n < readings; n++) {
    const { productId, variantId } = products[n % products.length]!;
    const key = `idempotency-key: ${randomUUID()}\r\n`;
    const { position = '' } = bodyOf(await client.request('POST', '/api/v1/cart/lines', headers + key, cartLine(productId, variantId)));
    const read = async (query: string) => {
      const at = clock();
      const { status } = await client.request('GET', `/api/v1/cart${query}`, headers);
      return status === 200 ? [clock() - at] : [];
    };
    there.push(...(await read(`?minPosition=${encodeURIComponent(position)}`)));
    plain.push(...(await read('')));
    await pause(rest / 5);
  }
  client.close();
  return { readYourWriteMs: spread(there), plainReadMs: spread(plain) };
};

/** What the watched processes have told, in the order of time. */
const toldBy = (directory: string, names: ReadonlyMap<number, string>, hosts: ReadonlyMap<string, string>): Call[] =>
  readdirSync(directory)
    .flatMap((file) => {
      const process = names.get(Number(file.split('.')[0])) ?? file;
      return readFileSync(join(directory, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Call => {
          const told = JSON.parse(line) as Told;
          const host = told.what.startsWith('http ') ? told.what.slice(5) : null;
          return { ...told, process, what: host === null ? told.what : (hosts.get(host) ?? 'http elsewhere') };
        });
    })
    .sort((a, b) => a.at - b.at);

const hostsOf = ({ ground }: Place): Map<string, string> => {
  const { ELASTICSEARCH_URL = '', CLICKHOUSE_URL = '' } = process.env;
  const own = roles.map((role) => [new URL(ground.addressOf(role)).host, role] as const);
  return new Map([...own, [new URL(ELASTICSEARCH_URL).host, 'elasticsearch'], [new URL(CLICKHOUSE_URL).host, 'clickhouse']]);
};

/** An engine as a column of the requests' table. */
const engineOf = ({ what }: Told) => (what.startsWith('log ') ? 'log' : what);

const requestRows = (
  purchases: readonly Purchase[],
  lines: ReadonlyMap<string, Map<string, Line>>,
  calls: readonly Call[],
): RequestRow[] => {
  const seen = purchases.flatMap(({ asked }) =>
    asked.flatMap((one) => {
      const told = lines.get(one.id);
      const [gateway, part] = [told?.get('gateway'), told?.get('write-api') ?? told?.get('read-api')];
      const server = told?.has('write-api') ? 'write-api' : 'read-api';
      if (!gateway) return [];
      const waited = (process: string, engine: string) =>
        covered(
          calls.filter((call) => call.process === process && engineOf(call) === engine && call.at < endOf(one) && endOf(call) > one.at),
          one,
        );
      const waits = { redis: waited('gateway', 'redis'), log: waited(server, 'log'), postgres: waited(server, 'postgres') };
      return [{ request: `${gateway.method} ${gateway.route}`, client: one.ms, gateway: gateway.ms, part: part?.ms ?? 0, ...waits }];
    }),
  );
  return [...groupBy(seen, ({ request }) => request)].map(([request, all]) => {
    const median = (name: 'client' | 'gateway' | 'part' | 'log' | 'postgres' | 'redis') =>
      quantile(
        all.map((one) => one[name]),
        0.5,
      );
    const figures = { client: median('client'), gateway: median('gateway'), part: median('part') };
    const waits = { log: median('log'), postgres: median('postgres'), redis: median('redis') };
    return { request, perCheckout: all.length / purchases.length, ...figures, ...waits };
  });
};

const callRows = (calls: readonly Call[], purchases: number, keyOf: (call: Call) => string): CallRow[] =>
  [...groupBy(calls, (call) => `${call.process}\n${keyOf(call)}`)]
    .map(([key, all]) => {
      const [process = '', what = ''] = key.split('\n');
      const times = all.map(({ ms }) => ms);
      return { process, what, perCheckout: all.length / purchases, p50Ms: quantile(times, 0.5), msPerCheckout: sum(times) / purchases };
    })
    .sort((a, b) => a.process.localeCompare(b.process) || b.msPerCheckout - a.msPerCheckout);

/** Who has an event when, and how that is seen. */
const travelled = (calls: readonly Call[], namespace: string): Map<string, readonly { at: number; position: number }[]> => {
  const topic = logTopic(namespace);
  const carrying = (process: string, what: string) =>
    calls
      .filter((call) => call.process === process && call.what === what)
      .flatMap((call) => (call.carried ?? []).flatMap((one) => (one.topic === topic ? [{ at: endOf(call), position: one.position }] : [])))
      .sort((a, b) => a.at - b.at);
  const rows = calls.flatMap(({ process, position, ...call }) =>
    process === 'projections' && position !== undefined && call.what === 'postgres' ? [{ at: endOf(call), position }] : [],
  );
  return new Map([
    ['in Kafka', carrying('mirror', 'kafka send')],
    ['heard by sagas', carrying('sagas', 'kafka news')],
    ['heard by write-api', carrying('write-api', 'kafka news')],
    ['heard by projections', carrying('projections', 'kafka news')],
    ['rows to be read', rows],
  ]);
};

const since = (stages: readonly { at: number; position: number }[], append: Call): number | null => {
  const first = stages.find(({ position }) => position >= (append.position ?? 0));
  return first ? first.at - endOf(append) : null;
};

const shown = (ms: number | null | undefined) => (ms === null || ms === undefined ? '–' : ms.toFixed(1));

/** The purchase that took as long as the middle one. */
const timelineOf = (
  purchases: readonly Purchase[],
  lines: ReadonlyMap<string, Map<string, Line>>,
  appends: readonly Call[],
  travel: ReturnType<typeof travelled>,
): string[] => {
  const middle = [...purchases].sort((a, b) => a.ms - b.ms)[Math.floor(purchases.length / 2)];
  if (!middle) return [];
  const requests = middle.asked.map((one) => {
    const gateway = lines.get(one.id)?.get('gateway');
    return { at: one.at, text: `client: ${gateway?.method ?? ''} ${gateway?.route ?? 'a request'}, ${shown(one.ms)} ms` };
  });
  const own = appends
    .filter(({ at }) => at >= middle.at && at <= endOf(middle) + rest)
    .map((append) => {
      const stages = [...travel].map(([name, all]) => `${name} +${shown(since(all, append))}`);
      const what = append.types?.join(' ') ?? '';
      return { at: append.at, text: `  ${append.process} appends ${what}, ${shown(append.ms)} ms; ${stages.join(', ')}` };
    });
  return [...requests, ...own].sort((a, b) => a.at - b.at).map(({ at, text }) => `${shown(at - middle.at).padStart(7)} ${text}`);
};

export const measureHops = async (place: Place, seeded: Seeded, folder: string, count: number): Promise<Hops> => {
  const probes = join(folder, 'probes');
  mkdirSync(probes, { recursive: true });
  const fleet = await place.start({ env: { NODE_OPTIONS: `--import=${new URL('fleet-probe.ts', import.meta.url)}`, FLEET_PROBE: probes } });
  const names = new Map(roles.map((role) => [fleet.of(role).pid, role] as const));
  const market = await place.look();
  try {
    const buyers = await newBuyers(market.tokens, warmUps + count + 17);
    const { purchases, outcomes, lines } = await bought(place, fleet, seeded, buyers, count);
    const reading = await readYourWrites(place.ground.portOf.gateway, seeded, buyers.at(-1)!);
    await pause(rest);
    const all = toldBy(probes, names, hostsOf(place));
    const calls = all.filter(({ at }) => purchases.some((purchase) => at >= purchase.at && at <= endOf(purchase) + rest / 2));
    const appends = calls.filter(({ what, position }) => what === 'log append' && position);
    const travel = travelled(all, place.ground.namespace);
    const inRequests = purchases.map((purchase) => covered(purchase.asked, purchase));
    const delays = (stages: readonly { at: number; position: number }[]) => appends.flatMap((append) => since(stages, append) ?? []);
    return {
      purchases: purchases.length,
      outcomes,
      checkoutMs: spread(purchases.map(({ ms }) => ms)),
      requestsMs: quantile(inRequests, 0.5),
      pausesMs: quantile(
        purchases.map(({ ms }, n) => ms - (inRequests[n] ?? 0)),
        0.5,
      ),
      requests: requestRows(purchases, lines, calls),
      calls: callRows(calls, purchases.length, ({ what }) => what),
      statements: callRows(
        calls.filter(({ what }) => what === 'postgres'),
        purchases.length,
        ({ detail = '' }) => detail,
      ),
      travelMs: Object.fromEntries([...travel].map(([name, stages]) => [name, spread(delays(stages))])),
      ...reading,
      timeline: timelineOf(purchases, lines, appends, travel),
    };
  } finally {
    await market.close();
    await fleet.stop();
  }
};
