// What the world is told, word for word: the golden messages of every golden event. Beyond additions, a change here breaks readers outside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloudEvent, type PublicType, publicMessages } from './public-messages.ts';
import { publish } from './publish.ts';
import { deciders, eventSchemas } from './registry.ts';

const at = '2026-01-02T03:04:05.678Z';
const recorded = (event: { readonly type: string }) => ({
  event,
  streamId: 'stream',
  revision: 3,
  position: 77,
  metadata: {
    eventId: 'event-id',
    commandId: 'command-id',
    correlationId: 'correlation-id',
    causationId: 'causation-id',
    actor: { kind: 'user' as const, id: 'actor-id' },
    occurredAt: at,
    recordedAt: at,
    schemaVersion: 1,
    hash: 'hash',
  },
});

const fixtures = [...deciders.keys()].toSorted().flatMap((category) => {
  const events: { type: string }[] = JSON.parse(readFileSync(join(import.meta.dirname, category, 'fixtures.json'), 'utf8'));
  return events;
});
const told = fixtures.flatMap((event) => {
  const message = publish(recorded(event), 'log-id');
  return message ? [{ event: event.type, ...message, value: JSON.parse(message.value) as { type: PublicType; data: object } }] : [];
});

describe('what is published', () => {
  it('is the golden messages; what is new there: npx vitest run domain/publish.test.ts -u', () =>
    expect(`${JSON.stringify(told, null, 2)}\n`).toMatchFileSnapshot(join(import.meta.dirname, 'publish.golden.json')));

  it('has every message that the contract names', () =>
    expect(new Set(told.map(({ type }) => type))).toEqual(new Set(Object.keys(publicMessages))));

  it.each(told)('says of $event what the contract of $type allows, and nothing else', ({ type, value }) => {
    const { data } = publicMessages[type];
    expect(cloudEvent(type, data.strict()).strict().parse(value)).toEqual(value);
  });

  it('holds no personal data, sealed or not', () => {
    for (const { event, value } of told) {
      expect(JSON.stringify(value), event).not.toContain('pii1.');
      const personal = eventSchemas.get(event)?.personal ?? [];
      expect(
        Object.keys(value.data).filter((name) => personal.includes(name)),
        event,
      ).toEqual([]);
    }
  });

  it('names every order that a payment pays', () => {
    const captured = told.find(({ event }) => event === 'payment.captured');
    const source = fixtures.find(({ type }) => type === 'payment.captured') as { orders?: { orderId: string }[] } | undefined;
    expect(captured?.value.data).toMatchObject({ orderIds: source?.orders?.map(({ orderId }) => orderId) });
  });

  it('is nothing where nothing public has happened', () => {
    expect(publish(recorded({ type: 'cart.line_added' }), 'log-id')).toBe(null);
    expect(publish(recorded({ type: 'order.packed' }), 'log-id')).toBe(null);
    expect(publish(recorded({ type: 'stock.low' }), 'log-id')).toBe(null);
  });
});
