// What the paths share: a run, a server on data of its own, and two sides of a comparison that take turns.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './load.ts';
import { type Cpu, type Load, type Server, startMarketplace, treeCpu } from './processes.ts';
import type { PathFigures } from './report.ts';
import type { Seeded } from './stage.ts';

export interface Run {
  /** Where all data of this run stands. */
  readonly folder: string;
  readonly seededDir: string;
  readonly seeded: Seeded;
  readonly seconds: number;
  readonly clients: number;
  /** Events in the longest log of path h. */
  readonly events: number;
  readonly profileTo: string | null;
  /** Filled by the paths. */
  readonly ceilings: Record<string, number>;
  say(text: string): void;
}

export const rounds = 4;
export const warmUpSeconds = 2;

/** A copy of the seeded shop of its own, with the server under test on it. */
export const withServer = async <T>(run: Run, name: string, work: (server: Server, dataDir: string) => Promise<T>): Promise<T> => {
  const dataDir = join(run.folder, name);
  rmSync(dataDir, { recursive: true, force: true });
  cpSync(run.seededDir, dataDir, { recursive: true });
  const server = await startMarketplace(dataDir, run.profileTo && join(run.profileTo, name));
  try {
    return await work(server, dataDir);
  } finally {
    await server.stop();
  }
};

/** One side of a comparison: a scenario on a server. */
export interface Side {
  readonly load: Load;
  readonly scenario: string;
  readonly server: Server;
  /** So many operations before the clock runs, so that caches hold what they hold after a minute of work; else two seconds of them. */
  readonly warmUps?: number;
}

/** `cpuMs`: what one operation has cost the server, on its main thread and elsewhere. Others on the machine do not change it. */
export interface Figures extends Measured {
  readonly cpuMs: Cpu | null;
}

/** Runs a side again and again; the figures are of all turns together. */
export const sideOf = ({ clients }: Run, { load, scenario, server, warmUps }: Side) => {
  const { port, pid } = server;
  let [main, others] = [0, 0];
  return {
    warmUp: () =>
      load.run({ scenario, port, clients, isWarmUp: true, ...(warmUps === undefined ? { seconds: warmUpSeconds } : { count: warmUps }) }),
    async turn(length: { seconds: number } | { count: number }): Promise<Figures> {
      const before = treeCpu(pid);
      const measured = await load.run({ scenario, port, clients, ...length });
      const after = treeCpu(pid);
      main += (after?.main ?? 0) - (before?.main ?? 0);
      others += (after?.others ?? 0) - (before?.others ?? 0);
      const { operations } = measured;
      return { ...measured, cpuMs: after && { main: main / operations, others: others / operations } };
    },
  };
};

/** Both for the same time in all, in turns after a warm-up. */
export const inTurns = async (run: Run, ceilingSide: Side, pathSide: Side): Promise<{ ceiling: Figures; path: Figures }> => {
  const [ceiling, path] = [sideOf(run, ceilingSide), sideOf(run, pathSide)];
  await ceiling.warmUp();
  await path.warmUp();
  const both = async () => ({
    ceiling: await ceiling.turn({ seconds: run.seconds / rounds }),
    path: await path.turn({ seconds: run.seconds / rounds }),
  });
  let last = await both();
  for (let round = 1; round < rounds; round++) last = await both();
  return last;
};

export const figures = (title: string, measured: Figures, ceiling: string, ceilingPerSecond: number, target: string): PathFigures => {
  const { opsPerSecond, p50Ms, p95Ms, p99Ms, outcomes, cpuMs } = measured;
  const shareOfCeiling = opsPerSecond / ceilingPerSecond;
  return {
    title,
    opsPerSecond,
    p50Ms,
    p95Ms,
    p99Ms,
    shareOfCeiling,
    ceiling,
    target,
    cpuMs,
    ...(Object.keys(outcomes).length > 0 && { outcomes }),
  };
};

/** The figures of a path beside those of its ceiling over HTTP. */
export const compared = (
  title: string,
  { ceiling, path }: { ceiling: Figures; path: Figures },
  name: string,
  target: string,
): PathFigures => ({
  ...figures(title, path, name, ceiling.opsPerSecond, target),
  ceilingP99Ms: ceiling.p99Ms,
  ceilingCpuMs: ceiling.cpuMs,
});
