// What a run has measured, as an object and as a table.
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** One path. `latency…` apart from operations: milliseconds. Whatever else a path counts stands beside. */
export interface PathFigures {
  readonly title: string;
  readonly opsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly shareOfCeiling: number | null;
  readonly ceiling: string | null;
  readonly target: string;
  readonly [more: string]: unknown;
}

export interface Report {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly commit: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly ceilings: Readonly<Record<string, number>>;
  readonly paths: Readonly<Record<string, PathFigures>>;
}

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
});

/** The commit that was measured; `+` where files differ from it. */
export const commit = (): string => {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
};

const round = (value: number | null, digits: number) =>
  value === null ? '' : value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toFixed(digits);
const percent = (share: number | null) => (share === null ? '' : `${(share * 100).toFixed(1)} %`);

const columns = ['path', 'ops/s', 'p50 ms', 'p95 ms', 'p99 ms', 'of ceiling', 'target'];

const aligned = (rows: readonly (readonly string[])[]): string => {
  const widths = columns.map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, n) => (n === 0 || n === 6 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `|${widths.map((width, n) => (n === 0 || n === 6 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...body.map(line)].join('\n');
};

const known = new Set(['title', 'opsPerSecond', 'p50Ms', 'p95Ms', 'p99Ms', 'shareOfCeiling', 'ceiling', 'target']);
const shown = (value: unknown): string => {
  if (typeof value === 'number') return round(value, Number.isInteger(value) ? 0 : 2);
  return typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, part]) => `${name} ${shown(part)}`)
        .join(', ') || 'none'
    : String(value);
};

export const table = ({ machine: where, commit: what, ceilings, paths }: Report): string => {
  const rows = Object.entries(paths).map(([name, path]) => [
    `${name} ${path.title}`,
    round(path.opsPerSecond, 1),
    round(path.p50Ms, 2),
    round(path.p95Ms, 2),
    round(path.p99Ms, 2),
    percent(path.shareOfCeiling),
    path.target,
  ]);
  const more = Object.entries(paths).map(([name, path]) => {
    const others = Object.entries(path).filter(([key]) => !known.has(key));
    return others.map(([key, value]) => `${name} ${key}: ${shown(value)}`).join('\n');
  });
  return [
    `${where.cpu}, ${where.cores} cores, ${where.memoryGiB} GiB, node ${where.node}, commit ${what}`,
    `ceilings per second: ${shown(ceilings)}`,
    '',
    aligned([columns, ...rows]),
    '',
    ...more.filter((text) => text !== ''),
  ].join('\n');
};
