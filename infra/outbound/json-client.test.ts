// What a provider answers is read exactly, or its outcome is unknown.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonClient } from './json-client.ts';

let server: Server;
let body = Buffer.alloc(0);
const client = () =>
  jsonClient({ provider: 'payments', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMs: 60_000 });
beforeAll(async () => {
  server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
});
const Name = z.object({ name: z.string() });

it('an answer in UTF-8 is read', async () => {
  const payments = client();
  body = Buffer.from('{"name":"S\u00e3o"}');
  expect(await payments.get('/x', Name)).toEqual({ name: 'S\u00e3o' });
  payments.close();
});
it('an answer in another encoding is not read as something else', async () => {
  const payments = client();
  body = Buffer.from('{"name":"S\u00e3o"}', 'latin1');
  const unknown = expect.objectContaining({ name: 'OutcomeUnknown' });
  await expect(payments.get('/x', Name)).rejects.toEqual(unknown);
  await expect(payments.getText('/x')).rejects.toEqual(unknown);
  payments.close();
});
