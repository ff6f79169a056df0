// What a run on the fleet has measured, as tables.
import type { FleetReport } from './fleet.ts';
import type { Spread } from './fleet-figures.ts';

const round = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined || Number.isNaN(value)
    ? '–'
    : value >= 1_000
      ? Math.round(value).toLocaleString('en')
      : value.toFixed(digits);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

type Rows = readonly (readonly string[])[];

/** Words to the left, figures to the right. */
const aligned = ([head = [], ...rows]: Rows, words = 1): string => {
  const widths = head.map((cell, n) => Math.max(cell.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const padded = (row: readonly string[]) => row.map((cell, n) => (n < words ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!)));
  const line = (row: readonly string[]) => `| ${padded(row).join(' | ')} |`;
  const rule = `|${widths.map((width, n) => (n < words ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
};

const spreadCells = ({ p50, p95, p99, most }: Spread, digits = 1) => [p50, p95, p99, most].map((value) => round(value, digits));

const summary = ({ embedded, fleet, share, lag, mirror }: FleetReport): string => {
  const { wantedPerSecond, eventSeconds } = lag;
  return aligned(
    [
      ['what', 'measured', 'beside', 'target'],
      [
        'full checkouts per second, fleet / one process',
        round(fleet.opsPerSecond),
        embedded.map(({ opsPerSecond }) => round(opsPerSecond)).join(' and '),
        `${percent(share)} (≥ 20 %)`,
      ],
      [
        'p50, p99 of a checkout, ms',
        `${round(fleet.p50Ms)}, ${round(fleet.p99Ms)}`,
        embedded.map(({ p50Ms, p99Ms }) => `${round(p50Ms)}, ${round(p99Ms)}`).join(' and '),
        '',
      ],
      [
        `rows behind the log at ${round(wantedPerSecond)} checkouts/s, p50 and p99 of all events, s`,
        `${round(eventSeconds.p50, 3)}, ${round(eventSeconds.p99, 3)}`,
        `longest: ${round(eventSeconds.most, 3)}`,
        'p99 < 1',
      ],
      [
        `mirror, events per second of ${mirror.events} / bare producer`,
        round(mirror.mirrorPerSecond),
        round(mirror.barePerSecond),
        `${percent(mirror.share)} (≥ 50 %)`,
      ],
    ],
    1,
  );
};

/** Below this an engine's call is not worth a line, in milliseconds per checkout. */
const leastShown = 0.3;
/** The dearest statements of PostgreSQL that are listed. */
const mostStatements = 20;

const hopTable = ({ hops, cpuMsPerCheckout, cpuMsPerSecondAtRest, eventLoopLagP99Ms }: FleetReport): string => {
  const names = [...new Set([...Object.keys(cpuMsPerCheckout), ...hops.calls.map(({ process }) => process)])];
  const rows = names.flatMap((name) => [
    [name, '', '', '', round(cpuMsPerCheckout[name], 2), round(cpuMsPerSecondAtRest[name]), round(eventLoopLagP99Ms[name])],
    ...hops.calls
      .filter(({ process, msPerCheckout }) => process === name && msPerCheckout >= leastShown)
      .map(({ what, perCheckout, p50Ms, msPerCheckout }) => {
        // What brings news was waited for: that time says nothing.
        const [each, all] = what === 'kafka news' ? ['', ''] : [round(p50Ms, 2), round(msPerCheckout)];
        return [`  → ${what}`, round(perCheckout), each, all, '', '', ''];
      }),
  ]);
  const used = Object.values(cpuMsPerCheckout).reduce((total, ms) => total + ms, 0);
  const head = ['hop', 'per checkout', 'ms p50', 'ms per checkout', 'CPU ms per checkout', 'CPU ms/s at rest', 'loop lag p99 ms'];
  return aligned([head, ...rows, ['all', '', '', '', round(used, 2), '', '']]);
};

export const fleetTable = (report: FleetReport): string => {
  const { machine: where, commit, seconds, log, fleet, hops } = report;
  const requests = hops.requests.map(({ request, perCheckout, client, gateway, redis, part, log: inLog, postgres }) => [
    request,
    ...[perCheckout, client, gateway, redis, part, inLog, postgres].map((value) => round(value)),
  ]);
  const travel = Object.entries(hops.travelMs).map(([name, each]) => [name, ...spreadCells(each)]);
  const reads = [
    ['read of the cart with the position of the write before it', ...spreadCells(hops.readYourWriteMs)],
    ['the same without a position', ...spreadCells(hops.plainReadMs)],
  ];
  const statements = [...hops.statements]
    .sort((a, b) => b.msPerCheckout - a.msPerCheckout)
    .slice(0, mostStatements)
    .map(({ process, what, perCheckout, p50Ms, msPerCheckout }) => [
      process,
      what,
      round(perCheckout),
      round(p50Ms, 2),
      round(msPerCheckout),
    ]);
  return [
    `${where.cpu}, ${where.cores} cores, ${where.memoryGiB} GiB, node ${where.node}, commit ${commit}, ${seconds} s each; the log: ${log}`,
    '',
    summary(report),
    `outcomes: ${JSON.stringify(fleet.outcomes)}, at half of that ${JSON.stringify(report.lag.measured.outcomes)}, one by one ${JSON.stringify(hops.outcomes)}`,
    '',
    'Where the time goes: calls of purchases one after the other; CPU with 16 clients at work.',
    hopTable(report),
    '',
    `A purchase alone: p50 ${round(hops.checkoutMs.p50)} ms, of which in requests ${round(hops.requestsMs)} and in rests before the client asks again ${round(hops.pausesMs)}.`,
    aligned([['request, medians in ms', 'per checkout', 'client', 'gateway', '→ Redis', 'part', '→ log', '→ PostgreSQL'], ...requests]),
    '',
    aligned([['an event after its acknowledgement, ms', 'p50', 'p95', 'p99', 'most'], ...travel, ...reads]),
    '',
    aligned([['process', 'statement', 'per checkout', 'ms p50', 'ms per checkout'], ...statements], 2),
    '',
    'The purchase in the middle, in ms from its beginning:',
    ...hops.timeline,
  ].join('\n');
};
