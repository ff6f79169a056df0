// Loaded into a process of a fleet before its own code (`--import`): tells into a file what the process asks of engines and of other
// processes, when, and how long it waited. It wraps the clients from outside, so that the product knows nothing of it.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Connection } from '../infra/event-store/eventstoredb-connection.ts';
import type { Told } from './fleet-probe.types.ts';

const file = join(process.env.FLEET_PROBE ?? '.', `${process.pid}.${threadId}.ndjson`);
const flushEvery = 50;

/** Milliseconds since 1970, finer than the clock of the wall, the same for all processes of a machine. */
const clock = () => performance.timeOrigin + performance.now();

let lines: string[] = [];
const flush = () => {
  if (lines.length === 0) return;
  const text = lines.join('');
  lines = [];
  appendFileSync(file, text);
};
setInterval(flush, flushEvery).unref();
process.on('exit', flush);

const tell = (told: Told) => lines.push(`${JSON.stringify(told)}\n`);

/** What there is to tell of a call besides its time; null: nothing at all. */
type Describe = (args: readonly unknown[], answer: unknown) => Omit<Told, 'at' | 'ms'> | null;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const field = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const watch = (owner: object, method: string, describe: Describe) => {
  const original: unknown = Reflect.get(owner, method);
  if (typeof original !== 'function') throw new TypeError(`there is no ${method} to watch`);
  Reflect.set(owner, method, function (this: unknown, ...args: unknown[]) {
    const at = clock();
    const answer: unknown = Reflect.apply(original, this, args);
    const over = (result: unknown) => {
      const told = describe(args, result);
      if (told) tell({ at, ms: clock() - at, ...told });
    };
    if (answer instanceof Promise) answer.then(over, () => over(null));
    return answer;
  });
};

// The log. A page of `readAll` is what followers read, the others are what commands ask.
const log = Connection.prototype;
watch(log, 'appendEvents', ([streamId, , events], answer) => ({
  what: 'log append',
  stream: String(streamId),
  types: list(events).map((event) => String(field(event, 'type'))),
  position: Number(field(answer, 'position') ?? 0),
}));
watch(log, 'pageOfStream', ([streamId]) => ({ what: 'log read of a stream', stream: String(streamId) }));
watch(log, 'lastOfStream', ([streamId]) => ({ what: 'log end of a stream', stream: String(streamId) }));
watch(log, 'pageOfAll', () => ({ what: 'log read of all' }));
watch(log, 'pageOfAllBackwards', () => ({ what: 'log head' }));

// PostgreSQL. What read models have passed is told by a statement of its own.
const statementOf = (text: string): string => {
  const [, verb = '', rest = ''] = /^\s*(\w+)([\s\S]*)/.exec(text) ?? [];
  const [, table = ''] = /(?:\bfrom|\binto|^)\s+("?[a-z_]\w*"?\."?[\w-]+"?)/i.exec(rest) ?? [];
  return `${verb} ${table.replaceAll('"', '').replace(/(_v\d+)?(_g\d+)?$/, '')}`.trim().toLowerCase();
};
watch(pg.Client.prototype, 'query', ([statement, values]) => {
  const text = typeof statement === 'string' ? statement : String(field(statement, 'text'));
  const detail = statementOf(text);
  const passed = list(field(statement, 'values') ?? values)[1];
  return { what: 'postgres', detail, ...(detail === 'insert fleet.reached' && { position: Number(passed) }) };
});

// Redis: the promise stands in the command.
const { sendCommand } = Redis.prototype;
Redis.prototype.sendCommand = function (command, ...more) {
  const at = clock();
  const over = () => tell({ at, ms: clock() - at, what: 'redis', detail: command.name });
  command.promise.then(over, over);
  return Reflect.apply(sendCommand, this, [command, ...more]);
};

// Kafka: below producer and reader alike. A fetch is a wait for news, so it counts when it has brought some.
const Broker: unknown = createRequire(import.meta.url)('kafkajs/src/broker/index.js');
const broker: unknown = Reflect.get(Object(Broker), 'prototype');
/** Topic, and position of its newest record, of what was sent or fetched. */
const carried = (topics: unknown, nameField: string) =>
  list(topics).flatMap((topic) => {
    const messages = list(field(topic, 'partitions')).flatMap((partition) => list(field(partition, 'messages')));
    const position = messages.reduce<number>((most, message) => Math.max(most, Number(field(message, 'headers', 'position') ?? 0)), 0);
    return messages.length > 0 ? [{ topic: String(field(topic, nameField)), position, count: messages.length }] : [];
  });
if (isObject(broker)) {
  watch(broker, 'produce', ([request]) => ({ what: 'kafka send', carried: carried(field(request, 'topicData'), 'topic') }));
  watch(broker, 'fetch', (_, answer) => {
    const news = carried(field(answer, 'responses'), 'topicName');
    return news.length > 0 ? { what: 'kafka news', carried: news } : null;
  });
}

// HTTP, by whichever client.
const asked = new WeakMap<object, number>();
const begun = (message: unknown) => {
  const request = field(message, 'request');
  if (isObject(request)) asked.set(request, clock());
};
const ended = (hostOf: (request: unknown) => string) => (message: unknown) => {
  const request = field(message, 'request');
  const at = isObject(request) ? asked.get(request) : undefined;
  if (at === undefined) return;
  const path = String(field(request, 'path')).replace(/\?.*/, '');
  tell({ at, ms: clock() - at, what: `http ${hostOf(request)}`, detail: `${String(field(request, 'method'))} ${path}` });
};
subscribe('undici:request:create', begun);
subscribe(
  'undici:request:trailers',
  ended((request) => new URL(String(field(request, 'origin'))).host),
);
subscribe('http.client.request.start', begun);
subscribe(
  'http.client.response.finish',
  ended((request) => (isObject(request) && typeof request.getHeader === 'function' ? String(request.getHeader('host')) : '')),
);
