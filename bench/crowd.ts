// The crowd: operations come at a rate, whether or not those before have been answered. Runs in the process of the load.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { type Client, createClient, headerOf, type Reply } from './client.ts';
import { treeCpu } from './processes.ts';

/** Comes at the usual rate, then at the greater one for `seconds`, then at the usual one until all is normal again. Rates per second. */
export interface Crowding {
  readonly port: number;
  readonly pid: number;
  readonly usualRate: number;
  readonly crowdRate: number;
  readonly seconds: number;
}

/** How often something came of an operation, and after how long. */
export interface Answers {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** One phase. Each operation belongs to the phase in which it was due, whenever its answer came; latencies run from when it was due. */
export interface Phase {
  readonly seconds: number;
  readonly duePerSecond: number;
  /** Fewer than were due when every connection still waited for its answer, or when the load itself was late. */
  readonly sentPerSecond: number;
  /** How late the load itself was. */
  readonly lateP99Ms: number;
  readonly good: Answers;
  /** What was not good: refusals by status and code, failures by name. */
  readonly others: Readonly<Record<string, Answers>>;
}

export interface Crowded {
  readonly before: Phase;
  readonly crowd: Phase;
  readonly after: Phase;
  /** Whole seconds; null when it did not come to that while it was watched. */
  readonly secondsUntilNormal: number | null;
  /** How many cores each has used while the crowd was there. */
  readonly cores: Readonly<Record<string, number>>;
  /** How many were open when the crowd came. */
  readonly connections: number;
}

/** One request of the n-th who comes. */
export type Ask = (client: Client, n: number) => Promise<Reply>;

/** So many are kept open for who comes next. */
const spareConnections = 64;
/** So many that an answer may take a second before 16,000 per second cannot be sent any more; less where a process may not open as many. */
const mostConnections = 16_000;
/** Files that a server has open beside its connections, generously. */
const otherFiles = 1_000;
const longestGathering = 15;
const openedPerTick = 8;
/** A load that is late must not make up for it by a wave: it sends so many in one go, and leaves out what is later than this (milliseconds). */
const sentPerTick = 64;
const latest = 250;
/** Milliseconds after which nobody waits for an answer any longer. */
const patience = 10_000;
/** Milliseconds; servers close what has rested for five seconds. */
const longestRest = 2_000;
const sweptPerTick = 16;
/** Back to normal within 30 s is the aim; one has to see it stay so. */
const longestAfter = 33;
const normalInARow = 3;
/** A second is normal when so much of what was due in it was good, and its p99 at most so many times that of the worst second before. */
const normalShare = 0.95;
const normalLatency = 2;

const answersOf = (latencies: readonly number[], seconds: number): Answers => {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return { count: sorted.length, perSecond: sorted.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
};

const crowdConnections = () => {
  const limit = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? mostConnections);
  return Math.min(mostConnections, limit - otherFiles);
};

/** What happened to those who were due in one second. */
interface Second {
  due: number;
  sent: number;
  readonly late: number[];
  /** Latencies by outcome. */
  readonly answers: Map<string, number[]>;
}

const good = 'good';

const phaseOf = (seconds: readonly Second[]): Phase => {
  const length = seconds.length;
  const all = new Map<string, number[]>();
  for (const { answers } of seconds) for (const [name, latencies] of answers) all.set(name, (all.get(name) ?? []).concat(latencies));
  const total = (of: (second: Second) => number) => seconds.reduce((sum, second) => sum + of(second), 0) / length;
  const others = [...all].filter(([name]) => name !== good).map(([name, latencies]) => [name, answersOf(latencies, length)] as const);
  return {
    seconds: length,
    duePerSecond: total(({ due }) => due),
    sentPerSecond: total(({ sent }) => sent),
    lateP99Ms:
      answersOf(
        seconds.flatMap(({ late }) => late),
        length,
      ).p99Ms ?? 0,
    good: answersOf(all.get(good) ?? [], length),
    others: Object.fromEntries(others),
  };
};

const goodIn = ({ answers }: Second) => answersOf(answers.get(good) ?? [], 1);

/** Tells whether a second is like those before the crowd came. */
const normalAfter = (before: readonly Second[]) => {
  const worst = Math.max(...before.map((second) => goodIn(second).p99Ms ?? 0));
  return (second: Second) => {
    const { count, p99Ms } = goodIn(second);
    return count >= second.due * normalShare && p99Ms !== null && p99Ms <= worst * normalLatency;
  };
};

const codeIn = (body: string): unknown => {
  try {
    return JSON.parse(body).code;
  } catch {
    return undefined;
  }
};

const mustSayWhen = new Set([429, 503]);
const problemLine = /\r\ncontent-type: *application\/problem\+json/i;

/** A refusal is typed when it is a problem with a code and, where one may come again, says when. */
const outcomeOf = (reply: Reply): string => {
  const { status, head, body } = reply;
  if (status >= 200 && status < 300) return good;
  const code = problemLine.test(head) ? codeIn(body) : undefined;
  if (typeof code !== 'string') return `${status} untyped`;
  return mustSayWhen.has(status) && headerOf(reply, 'retry-after') === undefined
    ? `${status} ${code} without retry-after`
    : `${status} ${code}`;
};

interface Slot {
  readonly client: Client;
  /** When it sent what it waits for; 0 while it is idle. */
  since: number;
  /** When it came back; 0 while nothing has been sent on it. */
  restsSince: number;
  isGivenUp: boolean;
}

/**
 * Connections, of which the last one that came free is used first. One that has rested is closed before the server does it, which could happen
 * just when something is sent; its next use opens it again.
 */
const openPool = (port: number) => {
  const idle: Slot[] = [];
  const all: Slot[] = [];
  let swept = 0;
  let opening = 0;
  return {
    size: () => all.length,
    opening: () => opening,
    idle: () => idle.length,
    async add() {
      const slot: Slot = { client: createClient(port), since: 0, restsSince: 0, isGivenUp: false };
      all.push(slot);
      opening += 1;
      // One that fails is opened by its first request, which tells of it.
      await slot.client.open().catch(() => {});
      opening -= 1;
      idle.push(slot);
    },
    take: () => idle.pop(),
    giveBack(slot: Slot) {
      slot.since = 0;
      slot.restsSince = performance.now();
      idle.push(slot);
    },
    /** Closes what has waited or rested too long. Looks at a few at a time: to close thousands at once would hold everything up. */
    sweep() {
      const now = performance.now();
      for (let n = 0; n < Math.min(sweptPerTick, all.length); n++) {
        const slot = all[swept++ % all.length];
        if (!slot) return;
        if (slot.since > 0 && now - slot.since > patience) {
          slot.isGivenUp = true;
          slot.client.close();
        } else if (slot.since === 0 && slot.restsSince > 0 && now - slot.restsSince > longestRest) {
          slot.restsSince = 0;
          slot.client.close();
        }
      }
    },
    closeAll: () => {
      for (const slot of all) slot.client.close();
    },
  };
};

/** What has used the machine's cores since it was asked for, in cores. */
const watchCores = (pid: number) => {
  const idleTime = () => cpus().reduce((sum, { times }) => sum + times.idle, 0);
  const [began, own, server, idle] = [performance.now(), process.cpuUsage(), treeCpu(pid), idleTime()];
  return () => {
    const elapsed = performance.now() - began;
    const { user, system } = process.cpuUsage(own);
    const now = treeCpu(pid);
    return {
      load: (user + system) / 1_000 / elapsed,
      ...(now && server && { serverMain: (now.main - server.main) / elapsed, serverElsewhere: (now.others - server.others) / elapsed }),
      idle: (idleTime() - idle) / elapsed,
    };
  };
};

export const crowd = async (ask: Ask, { port, pid, usualRate, crowdRate, seconds }: Crowding): Promise<Crowded> => {
  const pool = openPool(port);
  const most = crowdConnections();
  let spare = spareConnections;
  let came = 0;
  let waiting = 0;

  const send = async (slot: Slot, second: Second, dueAt: number) => {
    slot.since = performance.now();
    second.sent += 1;
    second.late.push(slot.since - dueAt);
    waiting += 1;
    const outcome = await ask(slot.client, came++).then(outcomeOf, ({ code, message }: NodeJS.ErrnoException) =>
      slot.isGivenUp ? `no answer in ${patience / 1_000} s` : (code ?? message),
    );
    waiting -= 1;
    slot.isGivenUp = false;
    const latency = performance.now() - dueAt;
    const known = second.answers.get(outcome);
    if (known) known.push(latency);
    else second.answers.set(outcome, [latency]);
    pool.giveBack(slot);
  };

  const isShort = () => pool.size() < most && pool.idle() + pool.opening() < spare;

  /** Comes at this rate for so many seconds, or until `isEnough`, asked once a second. */
  const phase = async (rate: number, length: number, isEnough: (seconds: readonly Second[]) => boolean = () => false) => {
    const begin = performance.now();
    const past: Second[] = [];
    for (let n = 0; n < length; n++) {
      const second: Second = { due: 0, sent: 0, late: [], answers: new Map() };
      past.push(second);
      for (;;) {
        const now = performance.now();
        const inSecond = Math.min(1, (now - begin) / 1_000 - n);
        const due = Math.floor(inSecond * rate);
        for (let sent = 0; second.due < due && sent < sentPerTick; second.due++) {
          const dueAt = begin + (n + second.due / rate) * 1_000;
          const slot = now - dueAt < latest ? pool.take() : undefined;
          if (!slot) continue;
          sent += 1;
          void send(slot, second, dueAt);
        }
        for (let opened = 0; opened < openedPerTick && isShort(); opened++) void pool.add();
        pool.sweep();
        if (inSecond === 1 && second.due === due) break;
        await (second.due < due ? setImmediate() : pause(1));
      }
      if (isEnough(past)) break;
    }
    return past;
  };

  await phase(usualRate, 1); // opens what is cold
  const before = await phase(usualRate, Math.max(3, Math.ceil(seconds / 2)));
  spare = most;
  await phase(usualRate, longestGathering, () => pool.size() === most && pool.opening() === 0);
  spare = spareConnections;
  const connections = pool.size() - pool.opening();
  const coresUsed = watchCores(pid);
  const during = await phase(crowdRate, seconds);
  const cores = coresUsed();
  const isNormal = normalAfter(before);
  // A second is judged when the next one is over too: its last ones need their answers first.
  const firstOfMany = (past: readonly Second[]) =>
    past.findIndex((_, n) => n + normalInARow < past.length && past.slice(n, n + normalInARow).every(isNormal));
  const after = await phase(usualRate, longestAfter, (past) => firstOfMany(past) >= 0);
  const normalFrom = firstOfMany(after);
  const deadline = performance.now() + patience;
  while (waiting > 0 && performance.now() < deadline) {
    pool.sweep();
    await pause(1);
  }
  pool.closeAll();
  return {
    before: phaseOf(before),
    crowd: phaseOf(during),
    after: phaseOf(after),
    secondsUntilNormal: normalFrom < 0 ? null : normalFrom,
    cores,
    connections,
  };
};
