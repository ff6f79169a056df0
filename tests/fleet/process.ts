// One process of a fleet under test: the part that its arguments name, as `main.ts start` runs it, by a clock that the test moves.
import { openSync, readSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import type { Role } from '../../infra/services.ts';

// A fleet is eight processes of the same sources: what one has stripped of its types and compiled the others take over.
enableCompileCache();
const [{ readConfig }, { isAddressed, roles }, { startPart }] = await Promise.all([
  import('../../infra/config.ts'),
  import('../../infra/services.ts'),
  import('../../start.ts'),
]);

const [name = '', clockFile = ''] = process.argv.slice(2);
const role = roles.find((one) => one === name) as Role;
if (!isAddressed(name)) throw new Error(`there is no role ${name}`);

const clock = openSync(clockFile, 'r');
const bytes = new Float64Array(1);
/** The test writes the time there, so that all processes see it move at once. */
const now = () => {
  readSync(clock, new Uint8Array(bytes.buffer), 0, 8, 0);
  return bytes[0] as number;
};

const enough = new AbortController();
process.once('SIGTERM', () => enough.abort());
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
await startPart(readConfig(process.env), { role }, { progress: () => {}, signal: enough.signal, now });
process.exit();
