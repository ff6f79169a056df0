import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { landingRoutes } from './landing.ts';
import { script } from './landing-assets.ts';

const app = landingRoutes();
const read = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await app.request(path, { headers });
  return { type: answer.headers.get('content-type'), text: await answer.text() };
};

describe('the pages of this server', () => {
  it('say where things are: to browsers as a page, to programs as JSON', async () => {
    const html = await read('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect(html.type).toContain('text/html');
    for (const place of ['/docs', '/openapi.json', '/readyz', '/metrics']) expect(html.text).toContain(`href="${place}"`);
    expect(JSON.parse((await read('/', { accept: '*/*' })).text)).toMatchObject({ links: { api: '/api/v1', documentation: '/docs' } });
  });
  it.each(['/', '/verify-email', '/reset-password', '/orders/01JZ0000000000000000000000'])(
    'need nothing from elsewhere and nothing inline: %s',
    async (path) => {
      const { text } = await read(path, { accept: 'text/html' });
      expect(text).not.toMatch(/<style|style=|\son\w+=|<script(?! src="\/pages\/script.js")|https?:/);
      for (const [, asset = ''] of text.matchAll(/(?:src|stylesheet" href)="([^"]+)"/g))
        expect((await app.request(asset)).status).toBe(200);
    },
  );
  it('speak the language of the browser', async () => {
    expect((await read('/verify-email', { 'accept-language': 'id-ID,id;q=0.9' })).text).toContain('Konfirmasi');
    expect((await read('/verify-email', { 'accept-language': 'en-GB' })).text).toContain('Confirm address');
  });
});

class NoFields {
  [Symbol.iterator](): Iterator<never> {
    return [].values();
  }
}

/** Runs the script of a page whose address ends in `hash`, and presses its button. */
const press = async (hash: string, status: number) => {
  const parts = ['done', 'failed', 'no-token'].map((when) => ({ hidden: true, dataset: { when } }));
  const reason = { textContent: '' };
  const submitted: ((event: { preventDefault(): void }) => Promise<void>)[] = [];
  const form = {
    hidden: true,
    dataset: { path: '/auth/verify-email' },
    querySelector: () => ({ disabled: false }),
    addEventListener: (_: string, listener: (typeof submitted)[number]) => submitted.push(listener),
  };
  const asked: { path: string; key: string; body: unknown }[] = [];
  const sandbox = {
    ...{ URLSearchParams, Object, JSON, Uint8Array, crypto, FormData: NoFields, history: { replaceState: () => {} } },
    location: { hash, pathname: '/verify-email' },
    document: { querySelector: (name: string) => (name.startsWith('form') ? form : reason), querySelectorAll: () => parts },
    fetch: async (path: string, init: { headers: Record<string, string>; body: string }) => {
      asked.push({ path, key: init.headers['idempotency-key'] ?? '', body: JSON.parse(init.body) });
      return { ok: status < 300, json: async () => ({ detail: 'It was used.' }) };
    },
  };
  runInContext(script, createContext(sandbox));
  if (!form.hidden) for (const listener of [...submitted, ...submitted]) await listener({ preventDefault: () => {} });
  return { asked, reason: reason.textContent, shown: parts.filter(({ hidden }) => !hidden).map(({ dataset }) => dataset.when) };
};

describe('a link of a mail', () => {
  it('sends its token when somebody agrees, and the same command when they agree twice', async () => {
    const { asked, shown } = await press('#token=a%2Bb', 200);
    expect(shown).toEqual(['done']);
    expect(asked[0]).toMatchObject({ path: '/api/v1/auth/verify-email', body: { token: 'a+b' } });
    expect(asked[0]?.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  });
  it('says what was refused', async () =>
    expect(await press('#token=x', 410)).toMatchObject({ shown: ['failed'], reason: 'It was used.' }));
  it('sends nothing without a token', async () => expect(await press('', 200)).toMatchObject({ asked: [], shown: ['no-token'] }));
});
