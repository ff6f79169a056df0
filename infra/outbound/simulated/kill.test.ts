// kill -9 in the middle of work: what the gateway acknowledged is there after a restart, and its webhooks come.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { simulatedGateway } from '../simulated-gateway.ts';
import { openInbox } from './inbox.ts';

const secret = 'gateway-secret';

/** A gateway in a process of its own. */
const spawnGateway = async (dataDir: string, webhookUrl: string | null) => {
  const module = JSON.stringify(new URL('./gateway.ts', import.meta.url).href);
  const options = JSON.stringify({ dataDir, webhookUrl, secret });
  const code = `import { startSimulatedGateway } from ${module}; console.log((await startSimulatedGateway(${options})).url);`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: line.toString().trim(),
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
};

it('keeps every acknowledged capture and its webhook over a kill -9', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'gateway-'));
  const inbox = await openInbox();
  const first = await spawnGateway(dataDir, null);
  const gateway = simulatedGateway({ url: first.url, secret });
  const acknowledged: string[] = [];
  const expiresAt = new Date(Date.now() + 900_000).toISOString();
  const buy = async (paymentId: string) => {
    const amount = { amount: 10_000, currency: 'IDR' } as const;
    await gateway.requestPayment({ paymentId, checkoutId: `c-${paymentId}`, account: 'tokobapak', amount, method: 'qris', expiresAt });
    await gateway.simulatePayment(paymentId, { outcome: 'pay' });
    acknowledged.push(paymentId);
    if (acknowledged.length === 50) await first.kill();
  };
  // Each buys on and on, so that the kill finds all of them in the middle.
  const buyUntilKilled = async (buyer: number) => {
    for (let n = 0; ; n += 1) await buy(`p${buyer}-${n}`);
  };
  const ends = await Promise.allSettled(Array.from({ length: 16 }, (_, buyer) => buyUntilKilled(buyer)));
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { name: 'OutcomeUnknown' } });
  expect(acknowledged.length).toBeGreaterThanOrEqual(50);

  const second = await spawnGateway(dataDir, inbox.url);
  const after = simulatedGateway({ url: second.url, secret });
  const captured = (await after.books()).captures.map(({ id }) => id);
  expect(captured).toEqual(expect.arrayContaining(acknowledged));
  expect(new Set(captured).size).toBe(captured.length);
  const told = await inbox.until(captured.length);
  expect(new Set(told.map(({ notice }) => notice.eventId)).size).toBe(captured.length);

  await gateway.close();
  await after.close();
  await second.kill();
  await inbox.close();
  rmSync(dataDir, { recursive: true });
}, 30_000);
