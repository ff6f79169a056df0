// The few pages that this server has itself, until a storefront stands in front: where things are, and what links in mails lead to.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import type { Env } from './env.ts';
import { params } from './input.ts';
import { script, style } from './landing-assets.ts';
import { allow } from './policy.ts';

type Language = 'en' | 'id';

const places = {
  api: '/api/v1',
  documentation: '/docs',
  openapi: '/openapi.json',
  asyncapi: '/asyncapi.json',
  health: '/readyz',
  metrics: '/metrics',
} as const;

const described: readonly (readonly [href: string, name: string, about: string])[] = [
  [places.documentation, 'API documentation', 'every route, with examples and every refusal'],
  [places.openapi, 'OpenAPI 3.1', 'the same for programs'],
  [places.asyncapi, 'AsyncAPI 3.0', 'the public events'],
  [`${places.api}/products`, 'Products', 'a first answer of the API, as JSON'],
  [places.health, 'Health', 'whether this server is ready'],
  [places.metrics, 'Metrics', 'for Prometheus, from the own network'],
];

const texts = {
  en: {
    verifyTitle: 'Confirm your e-mail address',
    verifyAsk: 'Confirm that this address is yours.',
    verifyDo: 'Confirm address',
    verifyDone: 'Your address is confirmed. You can close this page.',
    resetTitle: 'Choose a new password',
    resetAsk: 'New password',
    resetDo: 'Save password',
    resetDone: 'Your new password is saved. You are signed out everywhere; sign in with it.',
    failed: 'That did not work. Nothing has changed.',
    noToken: 'This link is not complete. Open it again from the mail, or ask for a new one.',
    noScript: 'This page needs JavaScript: the secret in its address is not sent until you agree.',
    purchaseTitle: 'Your purchase',
    purchaseAsk: 'Look which orders this link shows.',
    purchaseDo: 'Show',
    purchaseDone: 'The shop’s own pages are not open yet. An app finds these orders by your link:',
    orderTitle: 'Your order',
    orderText: 'The shop’s own pages are not open yet. An app that you are signed in to finds the order here:',
  },
  id: {
    verifyTitle: 'Konfirmasi alamat email Anda',
    verifyAsk: 'Pastikan bahwa alamat ini milik Anda.',
    verifyDo: 'Konfirmasi alamat',
    verifyDone: 'Alamat Anda sudah dikonfirmasi. Halaman ini boleh ditutup.',
    resetTitle: 'Buat kata sandi baru',
    resetAsk: 'Kata sandi baru',
    resetDo: 'Simpan kata sandi',
    resetDone: 'Kata sandi baru sudah disimpan. Anda keluar dari semua perangkat; silakan masuk lagi.',
    failed: 'Belum berhasil. Tidak ada yang berubah.',
    noToken: 'Tautan ini tidak lengkap. Buka lagi dari email, atau minta tautan baru.',
    noScript: 'Halaman ini memerlukan JavaScript: rahasia di alamatnya baru dikirim setelah Anda setuju.',
    purchaseTitle: 'Pembelian Anda',
    purchaseAsk: 'Lihat pesanan mana yang ditampilkan tautan ini.',
    purchaseDo: 'Tampilkan',
    purchaseDone: 'Halaman toko belum dibuka. Aplikasi menemukan pesanan ini lewat tautan Anda:',
    orderTitle: 'Pesanan Anda',
    orderText: 'Halaman toko belum dibuka. Aplikasi tempat Anda masuk menemukan pesanan ini di:',
  },
} satisfies Record<Language, Record<string, string>>;

const languageOf = (c: Context<Env>): Language => (/^\s*id\b/i.test(c.req.header('accept-language') ?? '') ? 'id' : 'en');

/** `content` is ours alone: nothing from a request stands in it but ids that were checked. */
const page = (language: Language, title: string, content: string): string => `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${title} · TokoBapak</title><link rel="stylesheet" href="/pages/style.css"></head>
<body><header><a href="/">TokoBapak</a></header><main><h1>${title}</h1>
${content}
</main></body></html>`;

const index = page(
  'en',
  'This server is running',
  `<p>A marketplace of many sellers: an API, and no storefront in front of it yet. Its <code>README.md</code> buys a first order in five minutes.</p>
<ul class="places">${described.map(([href, name, about]) => `<li><a href="${href}">${name}</a><span>${about}</span></li>`).join('')}</ul>`,
);

/** A form that sends the token of the page's address, which browsers keep to themselves, to `path`. */
const tokenForm = (language: Language, path: string, words: { title: string; fields: string; submit: string; done: string }): string => {
  const { failed, noToken, noScript } = texts[language];
  return page(
    language,
    words.title,
    `<noscript><p class="bad">${noScript}</p></noscript>
<form data-path="${path}" hidden>${words.fields}<button>${words.submit}</button></form>
<p data-when="done" class="good" role="status" hidden>${words.done}</p>
<p data-when="failed" class="bad" role="alert" hidden>${failed} <span data-reason></span></p>
<p data-when="no-token" class="bad" role="alert" hidden>${noToken}</p>
<script src="/pages/script.js" defer></script>`,
  );
};

const verifyPage = (language: Language): string => {
  const { verifyTitle: title, verifyAsk, verifyDo: submit, verifyDone: done } = texts[language];
  return tokenForm(language, '/auth/verify-email', { title, fields: `<p>${verifyAsk}</p>`, submit, done });
};

const resetPage = (language: Language): string => {
  const { resetTitle: title, resetAsk, resetDo: submit, resetDone: done } = texts[language];
  const fields = `<label for="password">${resetAsk}</label><input id="password" name="password" type="password" autocomplete="new-password" required>`;
  return tokenForm(language, '/auth/reset-password', { title, fields, submit, done });
};

const purchasePage = (language: Language): string => {
  const { purchaseTitle: title, purchaseAsk, purchaseDo: submit, purchaseDone } = texts[language];
  const done = `${purchaseDone} <code data-orders></code>`;
  return tokenForm(language, '/guest/access', { title, fields: `<p>${purchaseAsk}</p>`, submit, done });
};

const orderPage = (language: Language, orderId: string): string => {
  const { orderTitle, orderText } = texts[language];
  return page(language, orderTitle, `<p>${orderText}</p><p><code>${places.api}/orders/${orderId}</code></p>`);
};

const about = (summary: string) => allow('public', { summary, answer: 'text/html' });
const inLanguage = (c: Context<Env>, html: (language: Language) => string) => {
  c.header('vary', 'Accept-Language');
  return c.html(html(languageOf(c)));
};

const Places = z
  .object({
    name: z.string(),
    links: z.object({
      api: z.string(),
      documentation: z.string(),
      openapi: z.string(),
      asyncapi: z.string(),
      health: z.string(),
      metrics: z.string(),
    }),
  })
  .meta({ id: 'HomePage' });

export const landingRoutes = () =>
  new Hono<Env>()
    .get(
      '/',
      allow('public', {
        operation: 'getHomePage',
        summary: 'Where things are: a page for browsers, JSON for programs.',
        answer: Places,
        alsoAs: ['text/html'],
      }),
      (c) => {
        c.header('vary', 'Accept');
        return c.req.header('accept')?.includes('text/html') ? c.html(index) : c.json({ name: 'TokoBapak', links: places });
      },
    )
    .get('/verify-email', about('The page that the mail with this link leads to.'), (c) => inLanguage(c, verifyPage))
    .get('/reset-password', about('The page that the mail with this link leads to.'), (c) => inLanguage(c, resetPage))
    .get('/purchase', about('The page that mails to guests lead to.'), (c) => inLanguage(c, purchasePage))
    .get('/orders/:orderId', about('The page that mails about an order lead to.'), params(z.object({ orderId: Id })), (c) =>
      inLanguage(c, (language) => orderPage(language, c.req.valid('param').orderId)),
    )
    .get('/pages/style.css', allow('public', { summary: 'The stylesheet of these pages.', answer: 'text/css' }), (c) =>
      c.body(style, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=300' }),
    )
    .get('/pages/script.js', allow('public', { summary: 'The script of these pages.', answer: 'text/javascript' }), (c) =>
      c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=300' }),
    );
