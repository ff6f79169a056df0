// The command line as an operator uses it: a process that owns the data, and commands beside it.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, main, newFolder, objects, type Started, startMarket } from './command-line.ts';

const patience = { timeout: 120_000 };
const folders: string[] = [];
const folder = () => {
  const made = newFolder();
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const post = async (url: string, path: string, body: object, token?: string) => {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
};

const signUp = async (url: string) => {
  const who = { email: `${randomUUID()}@example.test`, password: `correct horse ${randomUUID()}` };
  await post(url, '/auth/register', { ...who, name: 'Siti' });
  const signedIn = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  });
  return { token: ((await signedIn.json()) as { accessToken: string }).accessToken };
};

const createCategory = (url: string, token: string, n: number) =>
  post(url, '/categories', { name: `Kategori ${n}`, slug: `kategori-${n}` }, token);

describe('beside a running marketplace', patience, () => {
  const env = { DATA_DIR: folder(), RATE_OTHER_PER_MINUTE: '1000000' };
  let market: Started;
  let token: string;
  beforeAll(async () => {
    market = await startMarket(env);
    token = (await command(['tokens', '--roles', 'CUSTOMER,ADMIN'], env)).out.trim();
    await createCategory(market.url, token, 0);
  }, patience.timeout);
  afterAll(async () => {
    await market.stop();
  });

  it('it is ready, and says what to try', async () => {
    expect(await (await fetch(`${market.url}/readyz`)).json()).toMatchObject({ ready: true });
  });

  it('a second start is refused, with what to do', async () => {
    const second = await command(['start'], env);
    expect(second.code).toBe(1);
    expect(second.err).toContain(`Another process uses ${env.DATA_DIR}; stop it, or set DATA_DIR to another folder.`);
  });

  it('finds the last events of a type however far back they are, and says where it ends', async () => {
    for (let n = 10_000; n < 10_025; n += 1) await createCategory(market.url, token, n);
    await post(market.url, '/auth/register', { email: 'tail@example.com', password: 'kopi susu di pagi hari', name: 'Tail' });
    const types = async (...line: string[]) =>
      objects<{ event: { type: string } }>(await command(['events', 'tail', '--json', ...line], env)).map(({ event }) => event.type);
    expect(await types('--type', 'category', '--count', '3')).toEqual(['category.created', 'category.created', 'category.created']);
    expect(await types('--type', 'account.registered', '--count', '5')).toEqual(['account.registered']);
    expect(await types('--type', 'nothing.like_it')).toEqual([]);
    expect(await types('--count', '1')).toHaveLength(1);
  });

  it('shows the events, and one stream of them', async () => {
    const [created] = objects<{ streamId: string; event: { type: string } }>(
      await command(['events', 'tail', '--json', '--type', 'category'], env),
    );
    expect(created?.event.type).toBe('category.created');
    const shown = await command(['events', 'show', created?.streamId ?? ''], env);
    expect(shown.out).toContain(`${created?.streamId}@0  category.created`);
    const none = await command(['events', 'show', 'order-nowhere'], env);
    expect([none.code, none.err.trim()]).toEqual([1, 'There is no stream order-nowhere from revision 0 on.']);
  });

  it('tells how far every read model is, and builds one anew', async () => {
    const before = objects<{ name: string; state: string; behind: number }>(await command(['projections', 'status', '--json'], env));
    expect(before.find(({ name }) => name === 'catalog-categories')).toMatchObject({ state: 'live', behind: 0 });
    const rebuilt = await command(['projections', 'rebuild', 'catalog-categories', '--json'], env);
    expect(objects(rebuilt)).toMatchObject([{ name: 'catalog-categories', state: 'live', behind: 0 }]);
    expect((await command(['projections', 'rebuild', 'no-such'], env)).err).toContain('There is no projection no-such.');
    expect((await command(['projections', 'rebuild'], env)).code).toBe(2);
    expect((await command(['projections', 'parked'], env)).out.trim()).toBe('none');
  });

  it('is copied while it is written to; the copy verifies, and comes back whole', async () => {
    let isCopying = true;
    let written = 1;
    const load = (async () => {
      while (isCopying) await createCategory(market.url, token, written++);
    })();
    const [copy, restored] = [join(folder(), 'copy'), join(folder(), 'restored')];
    const made = await command(['backup', copy], env);
    isCopying = false;
    await load;
    expect(made.code).toBe(0);
    expect(made.out).toContain('log.db, vault.db');
    expect((await command(['restore', copy], { ...env, DATA_DIR: restored })).code).toBe(0);
    const [verified] = objects<{ events: number; faults: unknown[] }>(await command(['audit', 'verify', restored, '--json'], env));
    expect(verified?.faults).toEqual([]);
    expect(verified?.events).toBeGreaterThan(0);
    const again = await startMarket({ ...env, DATA_DIR: restored });
    const tree = (await (await fetch(`${again.url}/api/v1/categories`)).json()) as { items: unknown[] };
    expect(tree.items.length).toBeGreaterThan(0);
    expect(tree.items.length).toBeLessThanOrEqual(written + 25);
    expect((await again.stop()).code).toBe(0);
  });

  it('one flipped byte is named by stream and revision', async () => {
    const copy = join(folder(), 'copy');
    await command(['backup', copy], env);
    const log = readFileSync(join(copy, 'log.db'));
    // NOTE: an earlier place may be the unused rest of a page that SQLite has split; the last one is the event.
    const at = log.lastIndexOf('"name":"Kategori 0"') + '"name":"K'.length;
    log[at] = (log[at] ?? 0) ^ 1;
    writeFileSync(join(copy, 'log.db'), log);
    const [created] = objects<{ streamId: string }>(await command(['events', 'tail', '--after', '0', '--json'], env));
    const verified = await command(['audit', 'verify', copy], env);
    expect(verified.code).toBe(1);
    expect(verified.out).toContain(`FAULT ${created?.streamId}@0: the hash does not fit what is stored`);
    expect((await command(['audit', 'verify'], env)).code).toBe(0);
  });

  it('positions that a full disk has left out can be accepted, and events that somebody took out cannot', async () => {
    const copies = [join(folder(), 'copy'), join(folder(), 'copy')] as const;
    for (const copy of copies) await command(['backup', copy], env);
    const change = (copy: string, sql: string) => {
      const log = new DatabaseSync(join(copy, 'log.db'));
      log.exec(sql);
      log.close();
    };
    const [left, taken] = copies;
    // As the writer of an older release went on after a group that it could not commit.
    change(left, 'UPDATE events SET position = position + 62 WHERE position = (SELECT max(position) FROM events)');
    const found = await command(['audit', 'verify', left], env);
    expect([found.code, found.out]).toEqual([
      1,
      expect.stringMatching(/FAULT the log: no event stands at positions \d+ to \d+: left by a disk/),
    ]);
    expect(await command(['audit', 'accept-gaps', left], env)).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    const accepted = await command(['audit', 'accept-gaps', left, '--reason', 'disk full on 3 March'], env);
    expect([accepted.code, accepted.out]).toEqual([0, expect.stringMatching(/^accepted: positions \d+ to \d+$/m)]);
    const again = await command(['audit', 'verify', left], env);
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/are missing, accepted at .*: disk full on 3 March/)]);

    // The last event of a stream that a command key tells of, and one more so that there is a gap.
    change(
      taken,
      'DELETE FROM events WHERE position = (SELECT max(e.position) FROM events e JOIN command_keys k ON k.stream = e.stream AND k.revision = e.revision WHERE e.position < (SELECT max(position) FROM events))',
    );
    const refused = await command(['audit', 'accept-gaps', taken, '--reason', 'nothing to see'], env);
    expect([refused.code, refused.out]).toEqual([
      1,
      expect.stringMatching(/FAULT [a-z]+-\S+@\d+: .*missing\n(?:.*\n)*Nothing is accepted/),
    ]);
    expect((await command(['audit', 'verify', taken], env)).code).toBe(1);
  });

  it('makes the first administrator of somebody who has registered, and of nobody else', async () => {
    await post(market.url, '/auth/register', { email: 'Ani@Example.com', password: 'kopi susu di pagi hari', name: 'Ani' });
    const grant = () => command(['users', 'grant', 'ani@example.com', 'SUPER_ADMIN'], env);
    expect((await grant()).out).toMatch(/^[0-9A-Z]{26} is now SUPER_ADMIN\n$/);
    expect((await grant()).out).toContain('was already SUPER_ADMIN');
    const refused = await command(['users', 'grant', 'nobody@example.com', 'SUPER_ADMIN'], env);
    expect([refused.code, refused.err.trim()]).toEqual([1, 'Nobody has registered with nobody@example.com.']);
    expect((await command(['users', 'grant', 'nobody@example.com', 'EMPEROR'], env)).code).toBe(2);
  });
});

describe('alone', patience, () => {
  it('stops in good order, and opens the data itself when nobody has it', async () => {
    const env = { DATA_DIR: folder() };
    const market = await startMarket(env);
    const stopped = await market.stop();
    expect(stopped.code).toBe(0);
    expect(stopped.err).toContain('events tail --follow');
    const status = await command(['projections', 'status', '--json'], env);
    expect(objects<{ state: string }>(status).every(({ state }) => state === 'live')).toBe(true);
  });

  it('names the port that it listens on, in tokens and mails, and keeps its tokens over a start on another one', async () => {
    const env = { DATA_DIR: folder() };
    const first = await startMarket(env);
    const { token } = await signUp(first.url);
    expect(decodeJwt(token).iss).toBe(first.url);
    const mails = await fetch(`${first.url}/api/v1/dev/mails`, { headers: { authorization: `Bearer ${token}` } });
    const link = /http:\S+#token=\S+/.exec(JSON.stringify(await mails.json()))?.[0] ?? '';
    expect(link).toContain(`${first.url}/verify-email#`);
    const page = await fetch(link.replaceAll(/[\\"].*$/g, ''), { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('data-path="/auth/verify-email"')]);
    await first.stop();
    const second = await startMarket(env);
    const orders = await fetch(`${second.url}/api/v1/orders`, { headers: { authorization: `Bearer ${token}` } });
    expect(orders.status).toBe(200);
    await second.stop();
  });

  it('mints no tokens in production', async () => {
    const env = {
      DATA_DIR: folder(),
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://shop.example',
      MASTER_KEY: 'a1b2c3d4e5f60718'.repeat(4),
    };
    const refused = await command(['tokens', '--count', '1'], env);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toContain('Tokens are not minted in production');
  });

  it('simulates no provider in production: neither a start nor a command goes on without the real ones', async () => {
    const dataDir = folder();
    const env = { DATA_DIR: dataDir, NODE_ENV: 'production', PUBLIC_URL: 'https://shop.example', MASTER_KEY: 'a1b2c3d4e5f60718'.repeat(4) };
    const half = { ...env, PAYMENT_GATEWAY_URL: 'https://pay.example', PAYMENT_WEBHOOK_SECRET: 'b2c3d4e5f6071829'.repeat(4) };
    for (const given of [env, half]) {
      const refused = await command(['start'], given);
      expect([refused.code, refused.err]).toEqual([
        2,
        expect.stringContaining('PAYMENT_GATEWAY_URL and COURIER_URL are required in production'),
      ]);
    }
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('goes on without a log where the disk of the log is full, and counts what it could not say', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'start'], {
      env: { PATH: process.env.PATH, NODE_ENV: 'test', PORT: '0', DATA_DIR: folder() },
      stdio: ['ignore', full, 'pipe'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    const url = await new Promise<string>((resolve) => {
      lines.on('line', (line) => {
        const found = /^ +API +(\S+)\/api\/v1$/.exec(line)?.[1];
        if (found) resolve(found);
      });
    });
    const failed = async () => Number(/^tokobapak_log_writes_failed (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    while ((await failed()) < 3) expect((await fetch(`${url}/api/v1/products`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    closeSync(full);
  });

  it('refuses to take an empty log or vault for one that was lost, unless it is told to', async () => {
    const env = { DATA_DIR: folder() };
    const first = await startMarket(env);
    await signUp(first.url);
    await first.stop();
    for (const lost of ['log.db', 'vault.db']) {
      const away = join(env.DATA_DIR, 'lost');
      renameSync(join(env.DATA_DIR, lost), away);
      const refused = await command(['start'], env);
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`but no ${lost}. Bring it back from a backup`) });
      renameSync(away, join(env.DATA_DIR, lost));
    }
    for (const file of ['log.db', 'log.db-wal', 'log.db-shm']) rmSync(join(env.DATA_DIR, file), { force: true });
    const anew = await startMarket(env, ['--begin-anew']);
    expect((await fetch(`${anew.url}/api/v1/products`)).status).toBe(200);
    await anew.stop();
  });

  it('keeps folder and files from others on the machine, also those that were there before', async () => {
    const dataDir = folder();
    chmodSync(dataDir, 0o755);
    const first = await startMarket({ DATA_DIR: dataDir });
    await first.stop();
    const modes = () =>
      [dataDir, ...readdirSync(dataDir).map((name) => join(dataDir, name))].map((path) => [path, statSync(path).mode & 0o077]);
    expect(modes().filter(([, mode]) => mode !== 0)).toEqual([]);
    for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), 0o644);
    const second = await startMarket({ DATA_DIR: dataDir });
    expect(modes().filter(([, mode]) => mode !== 0)).toEqual([]);
    await second.stop();
  });

  it('says what is wrong with a line or a setting, and lists what there is', async () => {
    const env = { DATA_DIR: folder() };
    expect(await command(['fly'], env)).toMatchObject({ code: 2, err: expect.stringContaining('There is no command "fly".') });
    expect(await command(['backup'], env)).toMatchObject({ code: 2, err: 'Usage: backup DIR\n' });
    expect(await command(['config'], { ...env, PORT: 'blue' })).toMatchObject({ code: 2, err: expect.stringContaining('PORT') });
    expect((await command(['help'], env)).out).toContain('audit verify [DIR|ADDRESS]');
    const full = folder();
    writeFileSync(join(full, 'something'), '');
    expect(await command(['backup', full], env)).toMatchObject({ code: 1, err: expect.stringContaining('There is no log in') });
  });
});
