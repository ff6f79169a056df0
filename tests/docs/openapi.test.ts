// The API document: what generators of clients and readers rely on, checked by a linter and by what it says of every route.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, expect, it } from 'vitest';
import type { Document, Operation } from '../../infra/http/openapi.ts';
import { openMarket } from '../market.ts';

interface Content {
  readonly schema?: { readonly $ref?: string };
  readonly example?: unknown;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let document: Document;
let operations: Operation[];
beforeAll(async () => {
  const market = await openMarket();
  const answer = await market.app.request('/openapi.json');
  expect(answer.status).toBe(200);
  document = (await answer.json()) as Document;
  operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  await market.close();
});

/** What each successful answer of an operation holds, by media type. */
const successes = ({ operationId, responses }: Operation) =>
  Object.entries(responses).flatMap(([status, response]) =>
    'x-codes' in response || status === '304'
      ? []
      : [{ name: `${operationId} ${status}`, content: (response.content ?? {}) as Record<string, Content> }],
  );

it('breaks no rule of the linter', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokobapak-openapi-'));
  const file = join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  const cli = here('../../node_modules/@redocly/cli/bin/cli.js');
  const said = await promisify(execFile)(process.execPath, [cli, 'lint', file, '--config', here('redocly.yaml'), '--format', 'stylish'], {
    env: { PATH: process.env.PATH, CI: 'true', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
  rmSync(folder, { recursive: true });
  expect(said).toBe('');
});

it('names every operation once, in words', () => {
  const names = operations.map(({ operationId }) => operationId);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.filter((name) => !/^[a-z]+([A-Z][a-z]+)+$/.test(name))).toEqual([]);
});

it('has a named schema for every successful answer of JSON', () => {
  const isNamed = ([type, { schema }]: [string, Content]) => type !== 'application/json' || schema?.$ref !== undefined;
  const lacking = operations.flatMap(successes).filter(({ content }) => {
    const types = Object.entries(content);
    return types.length === 0 || !types.every(isNamed);
  });
  expect(lacking.map(({ name }) => name)).toEqual([]);
});

it('shows examples that its schemas take', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const faults = operations.flatMap(successes).flatMap(({ name, content }) => {
    const { schema, example } = content['application/json'] ?? {};
    if (!schema || example === undefined) return [];
    const validate = ajv.compile({ ...schema, components: document.components });
    return validate(example) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}`];
  });
  expect(faults).toEqual([]);
});
