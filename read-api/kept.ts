// What everybody may read alike, browsers and CDNs may keep: how long, and under which ETag they ask whether it has changed.
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import type { Env } from '../infra/http/env.ts';
import type { Answers } from '../infra/http/json.ts';
import { early, given } from '../infra/http/wire.ts';
import { json, revisionAtEndOf, type TextOf } from './http.ts';

type C = Context<Env>;

/** Seconds for which nobody need ask again: prices and stock change by the minute, categories and brands hardly ever. */
export const keptFor = { products: 60, catalog: 300 } as const;

/** Marks of texts that were answered lately. The same text is answered again and again, and is then found without being read. */
const marks = new LRUCache<string, string>({ max: 2_000, maxSize: 16_000_000, sizeCalculation: (_, text) => text.length + 1 });

/** What tells a text from any other; for one that is hardly ever answered twice. */
export const digestOf = (text: string): string => hash('sha1', text, 'base64url').slice(0, 11);

/** The revision that a text ends with, if it has one, and what tells it from any other text. */
export const markOf = (text: string): string => {
  const known = marks.get(text);
  if (known !== undefined) return known;
  const revision = revisionAtEndOf(text);
  const digest = digestOf(text);
  const mark = revision === undefined ? digest : `${revision}-${digest}`;
  marks.set(text, mark);
  return mark;
};

/** `*`, or one of several; a cache on the way may have made ours a weak one. */
const isAmong = (wanted: string, etag: string) =>
  wanted === '*' || wanted.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

/** `mark`: that of the text. Who is signed in keeps nothing, as everywhere, but may ask whether it has changed too. */
export const kept = <T>(c: C & Answers<T>, text: TextOf<T>, seconds: number, mark = markOf(text)): Response => {
  const etag = `"${mark}"`;
  early(c, 'etag', etag);
  if (!c.get('principal')) early(c, 'cache-control', `public, max-age=${seconds}`);
  const wanted = given(c, 'if-none-match');
  return wanted !== undefined && isAmong(wanted, etag) ? c.body(null, 304) : json<T>(c, text);
};
