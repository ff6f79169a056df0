// The command line, and the entry of the process and of its threads.
import { enableCompileCache } from 'node:module';
import { isMainThread, workerData } from 'node:worker_threads';
import { explain, Interrupted } from './infra/cli/explain.ts';

// Stripping types takes a WebAssembly instance in every thread: what was stripped once is not stripped again.
enableCompileCache();

const isDebugging = process.env.LOG_LEVEL === 'debug' || process.env.LOG_LEVEL === 'trace';

const lastWords = (error: unknown) => {
  console.error('An error that nobody caught; stopping.', error);
  process.exit(1);
};

/**
 * A terminal sends Ctrl-C to everybody in it, and npm passes it on to what it has started: one wish may come twice within this time, in
 * milliseconds. Another one after it means "at once".
 */
const sameWish = 300;
/** How often a process that npm has started looks whether npm is still there, in milliseconds. */
const lookForNpmEvery = 500;

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process there and then. */
const listenForTheEnd = (): AbortController => {
  const end = new AbortController();
  let wishedAt = 0;
  const wish = (signal: 'SIGINT' | 'SIGTERM') => {
    const wished = new Interrupted(signal);
    if (end.signal.aborted && performance.now() - wishedAt > sameWish) process.exit(wished.exitCode);
    if (end.signal.aborted) return;
    wishedAt = performance.now();
    end.abort(wished);
  };
  process.on('SIGINT', wish).on('SIGTERM', wish);
  // NOTE: `npx node main.ts` runs through npm and a shell. A signal to npm ends both and reaches nobody else (docs/adr/0043).
  if (process.env.npm_command !== undefined) {
    const parent = process.ppid;
    const looking = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(looking);
      wish('SIGTERM');
    }, lookForNpmEvery);
    looking.unref();
  }
  return end;
};

const commandLine = async () => {
  // What this process writes (orders, addresses, keys) nobody else on the machine may read.
  process.umask(0o077);
  // A limit on the size of files counts as a full disk: the write fails, and the process goes on.
  process.on('SIGXFSZ', () => {});
  process.on('uncaughtException', lastWords).on('unhandledRejection', lastWords);
  // `events tail | head` closes our stdout: that is the end of the work, not a fault.
  process.stdout.on('error', () => process.exit(0));
  const end = listenForTheEnd();
  try {
    const { runCommandLine } = await import('./cli.ts');
    const code = await runCommandLine(process.argv.slice(2), {
      env: process.env,
      print: (text) => console.log(text),
      screen: process.stderr,
      letGo: () => process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM'),
      signal: end.signal,
    });
    // A process that was fenced off has said so already.
    process.exitCode ||= code;
  } catch (error) {
    const { sentence, exitCode } = explain(error, { dataDir: process.env.DATA_DIR || '.data', isDebugging });
    console.error(sentence);
    process.exitCode = exitCode;
  }
  // What has been closed may still hold a socket for a while: nobody waits for that.
  process.stdout.write('', () => process.exit());
};

if (isMainThread) await commandLine();
else if (workerData?.role === 'projector') {
  const { runProjector } = await import('./projector.ts');
  await runProjector(workerData);
} else if (workerData?.role === 'providers') {
  const { runProviders } = await import('./infra/outbound/simulated/thread.ts');
  await runProviders(workerData.options);
}
