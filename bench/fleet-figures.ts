// Sums and percentiles of what was measured.

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The smallest of `numbers` that a share `p` of them does not exceed; null where there are none. */
export const quantile = (numbers: readonly number[], p: number): number | null => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? null;
};

export interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly most: number | null;
}

export const spread = (numbers: readonly number[]): Spread => ({
  p50: quantile(numbers, 0.5),
  p95: quantile(numbers, 0.95),
  p99: quantile(numbers, 0.99),
  most: quantile(numbers, 1),
});

/** A stretch of time, in milliseconds. */
export interface Stretch {
  readonly at: number;
  readonly ms: number;
}
export const endOf = ({ at, ms }: Stretch): number => at + ms;

/** How long at least one of them was under way, within a stretch. */
export const covered = (stretches: readonly Stretch[], within: Stretch): number => {
  let total = 0;
  let until = within.at;
  for (const each of [...stretches].sort((a, b) => a.at - b.at)) {
    const end = Math.min(endOf(each), endOf(within));
    total += Math.max(0, end - Math.max(until, each.at));
    until = Math.max(until, end);
  }
  return total;
};

export const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
};
