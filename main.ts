// The command line, and the entry of the process and of its threads.
import { enableCompileCache } from 'node:module';
import { isMainThread, workerData } from 'node:worker_threads';

// Stripping types takes a WebAssembly instance in every thread: what was stripped once is not stripped again.
enableCompileCache();

/** Errors whose message is all that a person needs, by name: their classes are not loaded where a thread begins. */
const plain = new Set(['BackupRefused', 'ConfigError', 'DataDirInUse', 'DomainError', 'NotACopy', 'OperationFailed', 'UsageError']);
const ofTheCommandLine = new Set(['ConfigError', 'UsageError']);

/** Says on stderr what went wrong, and answers the exit code. */
const explain = (error: unknown): number => {
  const name = error instanceof Error ? error.name : '';
  console.error(error instanceof Error && plain.has(name) ? error.message : error);
  return ofTheCommandLine.has(name) ? 2 : 1;
};

const lastWords = (error: unknown) => {
  console.error('An error that nobody caught; stopping.', error);
  process.exit(1);
};

const commandLine = async () => {
  process.on('uncaughtException', lastWords).on('unhandledRejection', lastWords);
  // `events tail | head` closes our stdout: that is the end of the work, not a fault.
  process.stdout.on('error', () => process.exit(0));
  const enough = new AbortController();
  process.once('SIGINT', () => enough.abort()).once('SIGTERM', () => enough.abort());
  try {
    const { runCommandLine } = await import('./cli.ts');
    const code = await runCommandLine(process.argv.slice(2), {
      env: process.env,
      print: (text) => console.log(text),
      screen: process.stderr,
      signal: enough.signal,
    });
    // Whoever was fenced off has said so already.
    process.exitCode ||= code;
  } catch (error) {
    process.exitCode = explain(error);
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
