// Runs the stand-in as a process of its own: DIRECTORY and PORT from the environment or the command line; prints its URL when it listens.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { startEventStoreStandIn } = await import('./stand-in.ts');

const directory = process.argv[2] ?? process.env.DIRECTORY;
const port = Number(process.argv[3] ?? process.env.PORT ?? 0);
if (!directory) throw new Error('Say where to keep the events: main.ts DIRECTORY [PORT], or DIRECTORY in the environment.');

const standIn = await startEventStoreStandIn({ directory, port });
process.stdout.write(`${standIn.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void standIn.close().then(() => process.exit(0)));
