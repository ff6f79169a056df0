// The path `overload`: five times what the server can carry, and how it comes back from that.
import { startLoad } from './processes.ts';
import type { PathFigures } from './report.ts';
import { type Run, withServer } from './sides.ts';

const clientCounts = [16, 64, 256];
const times = 5;
/** Refusals that say what they are and when to come again. */
const isTyped = (name: string) => /^(503 gateway\.overloaded|429 [a-z_.]+)$/.test(name);

/** The operation is that of path d: a new cart and its first line. */
export const overloading = (run: Run): Promise<PathFigures> =>
  withServer(run, 'overload', async ({ port, pid }) => {
    const load = startLoad({ seeded: run.seeded, buyers: [] });
    // As warm-ups, so that each turn has figures of its own.
    const turn = async (clients: number, length: { seconds: number } | { count: number }) =>
      (await load.run({ scenario: 'd', port, clients, ...length, isWarmUp: true })).opsPerSecond;
    await turn(run.clients, { count: run.seeded.products.length });
    const closedLoop: Record<string, number> = {};
    for (const clients of clientCounts) closedLoop[`clients${clients}`] = await turn(clients, { seconds: run.seconds / 2 });
    const peak = Math.max(...Object.values(closedLoop));
    const { before, crowd, after, secondsUntilNormal, cores, connections } = await load.crowd({
      port,
      pid,
      usualRate: peak / 2,
      crowdRate: peak * times,
      seconds: run.seconds,
    });
    const peakAfter = await turn(run.clients, { seconds: run.seconds / 2 });
    await load.end();
    const refusals = Object.entries(crowd.others).filter(([name]) => isTyped(name));
    const notGood = Object.values(crowd.others).reduce((sum, { count }) => sum + count, 0);
    const refused = refusals.reduce((sum, [, { count }]) => sum + count, 0);
    const half = ({ good, duePerSecond, others }: typeof before) => ({ duePerSecond, good, others });
    return {
      title: `new carts at ${times} × the peak`,
      opsPerSecond: crowd.good.perSecond,
      p50Ms: crowd.good.p50Ms,
      p95Ms: null,
      p99Ms: crowd.good.p99Ms,
      shareOfCeiling: crowd.good.perSecond / peak,
      ceiling: 'its own peak in a closed loop',
      target: '≥ 80 %, normal in 30 s',
      peak,
      closedLoop,
      offeredOverPeak: crowd.sentPerSecond / peak,
      dueOverPeak: crowd.duePerSecond / peak,
      refusals: Object.fromEntries(refusals),
      refusalP99Ms: Math.max(0, ...refusals.map(([, { p99Ms }]) => p99Ms ?? 0)),
      typedOfNotGood: notGood === 0 ? null : refused / notGood,
      otherwise: Object.fromEntries(Object.entries(crowd.others).filter(([name]) => !isTyped(name))),
      secondsUntilNormal: secondsUntilNormal ?? 'not within 30',
      halfBefore: half(before),
      halfAfter: half(after),
      peakAfterOverPeak: peakAfter / peak,
      loadLateP99Ms: crowd.lateP99Ms,
      cores,
      connections,
    };
  });
