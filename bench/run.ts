// `npm run bench [-- a e] [--seconds 10] [--json] [--events 1000000] [--profile DIR] [--dir DIR]`: measures the paths that are named, or all, next to their ceilings.
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultRates } from '../infra/gateway/rates.ts';
import { idleMemory, paths } from './paths.ts';
import { commit, machine, type PathFigures, type Report, table } from './report.ts';
import { productCount, seed } from './seed.ts';
import type { Run } from './sides.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    // Of the longest log of path h.
    events: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    profile: { type: 'string' },
    // A disk, not memory: what a command costs is its fsync.
    dir: { type: 'string', default: join(import.meta.dirname, '../.data/bench') },
    keep: { type: 'boolean', default: false },
  },
});

// The fleet stands on servers and has tables of its own; only who names it measures it.
if (positionals.includes('fleet'))
  process.exit(await (await import('./fleet.ts')).benchFleet({ ...values, seconds: Number(values.seconds) }));

const seconds = Number(values.seconds);
const events = Number(values.events);
const wanted = positionals.length > 0 ? positionals : Object.keys(paths);
const unknown = wanted.find((name) => !Object.hasOwn(paths, name));
if (unknown !== undefined || !(seconds > 0) || !(events > 10_000)) {
  console.error(
    `Usage: npm run bench -- [${Object.keys(paths).join(' ')} | fleet] [--seconds 10] [--events 1000000] [--json] [--profile DIR] [--dir DIR] [--keep]`,
  );
  process.exit(2);
}

const folder = join(resolve(values.dir), String(process.pid));
mkdirSync(folder, { recursive: true });
const say = (text: string) => console.error(text);
const idleRestSeconds = 15;
/** Paths that need no shop. */
const isAlone = (name: string) => name === 'h' || name === 'ready';

const measure = async (): Promise<Report> => {
  const seededDir = join(folder, 'seeded');
  if (!wanted.every(isAlone)) say(`seeding ${productCount} products …`);
  const seeded = wanted.every(isAlone)
    ? { products: [], categories: [], hot: { productId: '', variantId: '', sellerId: '' } }
    : await seed(seededDir);
  const run: Run = {
    folder,
    seededDir,
    seeded,
    seconds,
    clients: 16,
    events,
    profileTo: values.profile ? resolve(values.profile) : null,
    ceilings: {},
    say,
  };
  const measured: Record<string, PathFigures> = {};
  for (const name of wanted) {
    say(`${name} …`);
    const found = await paths[name]!(run);
    measured[name] = name === 'e' ? { ...found, ...(await idleMemory(run, idleRestSeconds)) } : found;
  }
  return { machine: machine(), commit: commit(), limits: { ...defaultRates }, ceilings: run.ceilings, paths: measured };
};

try {
  const report = await measure();
  console.log(values.json ? JSON.stringify(report) : table(report));
} finally {
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}
