// What auditors are promised: any aggregate as it was at any time, the same for ever; what changed; and whether the past is untouched.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minutes } from '../../domain/id.ts';
import { user } from '../../domain/user/user.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';
import { password, signUp } from './people.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'tokobapak-audit-'));
const from = '2026-01-05T03:00:00.000Z';
let market: Market;
let admin: string;
const signIn = async () => {
  admin = await market.tokenFor(anId(), ['CUSTOMER', 'ADMIN']);
};
beforeAll(async () => {
  market = await openMarket({ dataDir, from });
  await signIn();
});
afterAll(async () => {
  await market.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (path: string, token = admin) => market.call('GET', `/audit${path}`, { token });

interface Step {
  readonly revision: number;
  readonly position: string;
  readonly name: string;
}

/** A category that is renamed a minute apart, as often as there are names. */
const renamed = async (names: readonly string[]): Promise<{ streamId: string; steps: Step[] }> => {
  const slug = `s-${anId().toLowerCase()}`;
  const created = await market.call('POST', '/categories', { token: admin, body: { name: names[0], slug } });
  const path = `/categories/${created.body.categoryId}`;
  const steps: Step[] = [{ revision: 0, position: created.body.position, name: names[0] ?? '' }];
  for (const name of names.slice(1)) {
    market.advance(minutes(1));
    await signIn();
    const { body } = await market.call('PATCH', path, { token: admin, body: { name, slug } });
    steps.push({ revision: body.revision, position: body.position, name });
  }
  market.advance(minutes(1));
  await signIn();
  return { streamId: `category-${created.body.categoryId}`, steps };
};

describe('an aggregate as it was', () => {
  it('is told as of a revision, a position, a recorded time and a business time', async () => {
    const { streamId, steps } = await renamed(['Buku', 'Buku Anak', 'Buku Bayi']);
    for (const { revision, position, name } of steps) {
      const then = (await ask(`/streams/${streamId}/state?asOf=${revision}`)).body;
      expect(then).toMatchObject({ streamId, category: 'category', at: { revision, position }, state: { name } });
      for (const asOf of [`asOf=${position}`, `asOf=${then.at.recordedAt}`, `asOfBusiness=${then.at.occurredAt}`])
        expect((await ask(`/streams/${streamId}/state?${asOf}`)).body).toEqual(then);
    }
    expect((await ask(`/streams/${streamId}/state`)).body.state.name).toBe('Buku Bayi');
  });

  it('is null before it began', async () => {
    const { streamId } = await renamed(['Musik']);
    expect((await ask(`/streams/${streamId}/state?asOf=2020-01-01T00:00:00.000Z`)).body).toMatchObject({ at: null, state: null });
  });

  it('is not told where the answer could still change', async () => {
    const { streamId, steps } = await renamed(['Film']);
    const [logId, n] = steps[0]!.position.split('.');
    const later = ['7', `${logId}.${Number(n) + 1_000}`, '2099-01-01T00:00:00.000Z'];
    for (const asOf of later) {
      const refused = await ask(`/streams/${streamId}/state?asOf=${asOf}`);
      expect([asOf, refused.status, refused.body.code]).toEqual([asOf, 422, 'audit.not_yet']);
    }
    expect((await ask(`/streams/${streamId}/state?asOf=yesterday`)).body.errors[0].field).toBe('asOf');
    expect((await ask(`/streams/category-nowhere/state`)).body.code).toBe('audit.stream_not_found');
    expect((await ask(`/streams/nothing-nowhere/state`)).body.code).toBe('audit.no_fold');
  });

  it('is the same later, byte for byte, whatever was recorded since and however often the process started', async () => {
    const names = Array.from({ length: 25 }, (_, n) => `Mainan ${n}`);
    const { streamId, steps } = await renamed(names);
    const questions = steps.flatMap(({ revision, position }) => [
      `/streams/${streamId}/state?asOf=${revision}`,
      `/streams/${streamId}/state?asOf=${position}`,
      `/streams/${streamId}/changes?from=0&to=${revision}`,
    ]);
    const answers = async () => {
      const texts: string[] = [];
      for (const question of questions) texts.push(JSON.stringify((await ask(question)).body));
      return texts;
    };
    const recorded = await answers();
    const path = `/categories/${streamId.slice('category-'.length)}`;
    await market.call('PATCH', path, { token: admin, body: { name: 'Lain', slug: 'lain' } });
    await market.close();
    market = await openMarket({ dataDir, from: '2026-02-01T00:00:00.000Z' });
    await signIn();
    expect(await answers()).toEqual(recorded);
  });
});

describe('a stream', () => {
  it('shows what changed between two times, by JSON pointer', async () => {
    const { streamId } = await renamed(['Dapur', 'Dapur Kecil']);
    const { body } = await ask(`/streams/${streamId}/changes?from=0&to=1`);
    expect(body.changes).toEqual([{ path: '/name', kind: 'changed', before: 'Dapur', after: 'Dapur Kecil' }]);
    expect([body.from.revision, body.to.revision]).toEqual([0, 1]);
  });

  it('is read page by page, and exported whole', async () => {
    const { streamId } = await renamed(['A', 'B', 'C']);
    const first = await ask(`/streams/${streamId}/log?limit=2`);
    expect(first.body.items.map((one: { revision: number }) => one.revision)).toEqual([0, 1]);
    const second = await ask(`/streams/${streamId}/log?limit=2&cursor=${first.body.next}`);
    expect([second.body.items.length, second.body.next]).toEqual([1, null]);
    const response = await market.app.request(`/api/v1/audit/streams/${streamId}/export`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    const lines = (await response.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([...first.body.items, ...second.body.items]);
  });

  it('shows personal data as it is sealed; opened only to a SUPER_ADMIN', async () => {
    const { userId, token } = await signUp(market, 'ani@example.com');
    const [registered] = await market.store.read(`account-${userId}`, 0, 1);
    const { email } = (registered?.event ?? {}) as { email?: string };
    const path = `/streams/account-${userId}`;
    const root = await market.tokenFor(anId(), ['CUSTOMER', 'SUPER_ADMIN']);
    for (const question of ['log', 'state', 'changes']) {
      const sealed = JSON.stringify((await ask(`${path}/${question}`)).body);
      expect(sealed).toContain(email);
      expect(sealed).not.toContain('ani@example.com');
      expect((await ask(`${path}/${question}?open=true`)).status).toBe(403);
      expect(JSON.stringify((await ask(`${path}/${question}?open=true`, root)).body)).toContain('ani@example.com');
    }
    expect((await market.call('DELETE', '/users/me', { token, body: { password } })).status).toBe(202);
    await market.until(user, userId, ({ status }) => status === 'Erased', 5_000);
    expect((await ask(`${path}/state?asOf=0&open=true`, root)).body.state.email).toBe('[erased]');
    expect((await ask(`${path}/verification`)).body.isIntact).toBe(true);
  });

  it('verifies, until somebody changes the past', async () => {
    const { streamId } = await renamed(['Asli', 'Asli Dua']);
    const intact = (await ask(`/streams/${streamId}/verification`)).body;
    expect(intact).toMatchObject({ isIntact: true, events: 2, faults: [] });
    const [, last] = (await ask(`/streams/${streamId}/log`)).body.items;
    expect(intact.lastHash).toBe(last.metadata.hash);
    await market.tamper(streamId, 1, 'Asli', 'Atli');
    const { faults, isIntact } = (await ask(`/streams/${streamId}/verification`)).body;
    expect([isIntact, faults]).toEqual([false, [{ streamId, revision: 1, reason: 'the hash does not fit what is stored' }]]);
    expect((await ask('/streams/category-nowhere/verification')).status).toBe(404);
  });

  it('is nobody’s business but an administrator’s', async () => {
    const customer = await market.tokenFor(anId(), ['CUSTOMER', 'SELLER'], anId());
    for (const path of ['/log', '/events', '/streams/order-x/log', '/streams/order-x/state', '/streams/order-x/export'])
      expect([path, (await ask(path, customer)).status]).toEqual([path, 403]);
  });
});

describe('the tail', () => {
  it('tells every event as it comes', async () => {
    const response = await market.app.request('/api/v1/audit/events', { headers: { authorization: `Bearer ${admin}` } });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { streamId } = await renamed(['Ekor']);
    let text = '';
    while (!text.includes(streamId)) text += (await reader.read()).value ?? '';
    expect(text).toContain('event: category.created');
    await reader.cancel();
  });
});
