import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Env } from '../../infra/http/env.ts';
import { openapi } from '../../infra/http/openapi.ts';
import { allow } from '../../infra/http/policy.ts';
import { describeRoutes } from '../../infra/http/routes.ts';
import { documentedIn } from './documented.ts';

const app = new Hono<Env>().get(
  '/things/:id',
  allow('public', { summary: 'One.', answer: z.object({ id: z.string() }).meta({ id: 'Thing' }), errors: ['product.not_found'] }),
  (c) => c.json({}),
);
const faultOf = documentedIn(openapi(describeRoutes(app), { title: 'Test', version: '1' }, true));
const answered = (status: number, body: object, type = 'application/json') => ({
  method: 'GET',
  path: '/things/1?a=b',
  status,
  headers: new Headers({ 'content-type': type }),
  text: JSON.stringify(body),
});

describe('an answer', () => {
  it('that fits its schema is documented, and so is a refusal with one of its codes', () => {
    expect(faultOf(answered(200, { id: '1' }))).toBeNull();
    expect(faultOf(answered(404, { code: 'product.not_found' }, 'application/problem+json'))).toBeNull();
  });
  it.each([
    ['lacks a field', answered(200, {}), "must have required property 'id'"],
    ['has a field too many', answered(200, { id: '1', more: 1 }), 'must NOT have additional properties'],
    ['has another status', answered(201, { id: '1' }), 'answers 201, which is not documented'],
    ['has another type', answered(200, {}, 'text/html'), 'answers text/html, not application/json'],
    ['is another refusal', answered(404, { code: 'order.not_found' }, 'application/problem+json'), 'order.not_found, which is not among'],
  ])('that %s is named', (_, one, fault) => {
    expect(faultOf(one)).toContain(fault);
  });
});
