// The documentation as one page that needs nothing from elsewhere: no script, one stylesheet from its own address.
import { Hono } from 'hono';
import { z } from 'zod';
import type { Env } from './env.ts';
import { errors } from './errors.ts';
import { exampleOf } from './example.ts';
import type { Document, Operation, Parameter } from './openapi.ts';
import { allow } from './policy.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

interface Content {
  content?: Record<string, { schema: object; example?: unknown }>;
}

const exampleIn = (holder: Content | undefined, type: string): string => {
  const { schema, example } = holder?.content?.[type] ?? {};
  return schema ? `<pre>${escaped(JSON.stringify(example ?? exampleOf(schema), null, 2))}</pre>` : '';
};

/** What an answer that is not JSON is. */
const typesIn = (holder: Content | undefined): string => Object.keys(holder?.content ?? {}).join(', ');

const whoMay = (policy: { who?: unknown; owner?: string }): string => {
  const who = Array.isArray(policy.who) ? policy.who.join(' or ') : String(policy.who);
  return policy.owner ? `${who}; the object's ${policy.owner} only` : who;
};

const parameterRow = ({ name, in: place, required, schema }: Parameter) => {
  const kind = schema.enum ? schema.enum.join(' | ') : (schema.type ?? 'any');
  const fallback = schema.default === undefined ? '' : `, default ${String(schema.default)}`;
  return `<tr><td><code>${escaped(name)}</code></td><td>${place}</td><td>${escaped(kind + fallback)}</td><td>${required ? 'required' : ''}</td></tr>`;
};

const refusals = (responses: Operation['responses']): string =>
  Object.values(responses)
    .flatMap((response) => (Array.isArray(response['x-codes']) ? response['x-codes'] : []))
    .map((code: string) => `<a href="#${escaped(code)}"><code>${escaped(code)}</code></a>`)
    .join(' ');

const operationHtml = (method: string, path: string, operation: Operation, { components }: Document): string => {
  const parameters = operation.parameters.flatMap((one) =>
    '$ref' in one ? (components.parameters[one.$ref.split('/').at(-1) ?? ''] ?? []) : one,
  );
  const [status = '200', success] = Object.entries(operation.responses).find(([, response]) => !('x-codes' in response)) ?? [];
  const request = exampleIn(operation.requestBody as Content | undefined, 'application/json');
  const answer =
    exampleIn(success as Content | undefined, 'application/json') || `<p>${escaped(typesIn(success) || success?.description)}</p>`;
  return `<article id="${escaped(operation.operationId)}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${escaped(path)}</code></h3>
<p>${escaped(operation.summary)}</p>
<p class="policy">Who: ${escaped(whoMay(operation['x-policy'] as { who?: unknown; owner?: string }))}. Rate: ${escaped(operation['x-rate'])}.</p>
${parameters.length > 0 ? `<table><tbody>${parameters.map(parameterRow).join('')}</tbody></table>` : ''}
${request && `<h4>Body</h4>${request}`}
<h4>Answer ${escaped(status)}</h4>${answer}
<p class="errors">Refusals: ${refusals(operation.responses)}</p>
</article>`;
};

const groups = (document: Document): Map<string, string[]> => {
  const byService = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const service = operation.tags[0] ?? '';
      byService.set(service, [...(byService.get(service) ?? []), operationHtml(method, path, operation, document)]);
    }
  }
  return new Map([...byService].sort(([a], [b]) => a.localeCompare(b)));
};

/** One readable HTML page of the whole document, grouped by service, with every error code at its end. */
export const docsPage = (document: Document): string => {
  const services = groups(document);
  const links = [...services.keys()].map((name) => `<a href="#service-${escaped(name)}">${escaped(name)}</a>`).join(' ');
  const sections = [...services].map(
    ([name, operations]) => `<section id="service-${escaped(name)}"><h2>${escaped(name)}</h2>${operations.join('')}</section>`,
  );
  const rows = Object.entries(errors).map(
    ([code, { status, meaning }]) =>
      `<tr id="${escaped(code)}"><td><code>${escaped(code)}</code></td><td>${status}</td><td>${escaped(meaning)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.info.title)}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><header><h1>${escaped(document.info.title)} <small>${escaped(document.info.version)}</small></h1>
<p>${escaped(document.info.description ?? '')} <a href="/openapi.json">OpenAPI 3.1</a> <a href="/asyncapi.json">AsyncAPI 3.0</a></p><nav>${links} <a href="#errors">errors</a></nav></header>
<main>${sections.join('\n')}
<section id="errors"><h2>Errors</h2><table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>
</main></body></html>`;
};

const OpenApiDocument = z
  .looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) })
  .meta({ id: 'OpenApiDocument' });
const AsyncApiDocument = z.looseObject({ asyncapi: z.string(), info: z.looseObject({}) }).meta({ id: 'AsyncApiDocument' });

const style = `:root{color-scheme:light dark;--line:#8884;--soft:#8881;--mark:#b4531a}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
nav a{margin-right:.6rem}h2{border-bottom:2px solid var(--line);margin-top:3rem}article{border-bottom:1px solid var(--line);padding:.5rem 0 1rem}
h3{margin-bottom:.2rem}h4{margin:.6rem 0 .2rem}pre{background:var(--soft);padding:.6rem;overflow:auto;border-radius:.3rem}
.method{color:var(--mark);font-weight:700;font-size:.85em}.policy,.errors{font-size:.9em;opacity:.85}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.25rem .6rem .25rem 0;text-align:left;vertical-align:top}
tr:target,article:target{background:var(--soft);outline:2px solid var(--mark)}
`;

/** `/openapi.json`, `/asyncapi.json`, `/docs` and its stylesheet. Documents are asked for once, at the first visit, when all routes are there. */
export const docsRoutes = (document: () => Document, events: () => object) => {
  let built: { json: string; html: string } | null = null;
  const pages = () => {
    if (!built) {
      const made = document();
      built = { json: JSON.stringify(made), html: docsPage(made) };
    }
    return built;
  };
  return new Hono<Env>()
    .get('/openapi.json', allow('public', { summary: 'This API as an OpenAPI 3.1 document.', answer: OpenApiDocument }), (c) =>
      c.body(pages().json, 200, { 'content-type': 'application/json' }),
    )
    .get('/asyncapi.json', allow('public', { summary: 'The public topics as an AsyncAPI 3.0 document.', answer: AsyncApiDocument }), (c) =>
      c.json(events()),
    )
    .get('/docs', allow('public', { summary: 'This API as a page to read.', answer: 'text/html' }), (c) => c.html(pages().html))
    .get('/docs/style.css', allow('public', { summary: 'The stylesheet of that page.', answer: 'text/css' }), (c) =>
      c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }),
    );
};
