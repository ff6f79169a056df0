// Nobody is left behind: whatever a test has started ends with the process that the test runs in.
import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();

const endAll = () => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', endAll);
// The test runner ends its workers by SIGTERM, at which a process that does not listen for it just stops.
process.once('SIGTERM', () => {
  endAll();
  process.exit(143);
});

export const endsWithUs = (child: ChildProcess): void => {
  running.add(child);
  child.once('exit', () => running.delete(child));
};
