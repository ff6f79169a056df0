// What is read back from a record is what the log holds, byte for byte.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../event-store/codec.ts';
import { testContract } from '../event-store/contract.ts';
import { fromRecord, mustBeOf, OtherLog, toRecord, verbatim } from './kafka-record.ts';

const metadata = (schemaVersion: number) =>
  JSON.stringify({
    eventId: 'e',
    commandId: 'c',
    correlationId: 'c',
    causationId: 'c',
    actor: { kind: 'system', id: 'test' },
    occurredAt: '2026-01-01T00:00:00.000Z',
    recordedAt: '2026-01-01T00:00:00.001Z',
    schemaVersion,
    origin: 'import',
  });

/** As the client gives it back. */
const sent = (record: ReturnType<typeof toRecord>) => ({
  ...record,
  key: Buffer.from(record.key),
  value: Buffer.from(record.value),
  headers: Object.fromEntries(Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)])),
  attributes: 0,
  offset: '0',
});

const copied = (type: string, data: string, version = 1) => {
  const recorded = createCodec(verbatim).decode('test-a.b', 4, 1_234_567_890_123, { type, metadata: metadata(version), data }, 'abcd');
  return toRecord(recorded, 17, 'log');
};

describe('a record of the log', () => {
  it('has the data and the metadata as they are stored, whatever they hold', () =>
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.string(), fc.nat().map(String)).filter((name) => name !== 'type' && name !== '__proto__'),
          fc.jsonValue(),
        ),
        (data) => {
          const stored = JSON.stringify(data);
          const record = copied('test."quoted"', stored);
          expect(record.value).toBe(stored);
          expect(record.headers.metadata).toBe(metadata(1));
        },
      ),
    ));

  it('tells its place, its event and its schema without being opened', () =>
    expect(copied('test.happened', '{"n":1}').headers).toMatchObject({
      eventId: 'e',
      revision: '4',
      position: '1234567890123',
      schemaVersion: '1',
      previous: '17',
      log: 'log',
    }));

  it('is read as this release knows the event, also where an older one wrote it', () => {
    const { decode } = createCodec(testContract);
    const record = copied('test.happened', '{"count":5}');
    expect(fromRecord(decode, sent(record))).toMatchObject({
      event: { type: 'test.happened', n: 5 },
      streamId: 'test-a.b',
      revision: 4,
      position: 1_234_567_890_123,
      metadata: { schemaVersion: 1, hash: 'abcd' },
    });
    expect(() => fromRecord(decode, sent(copied('test.happened', '{}', 3)))).toThrow('newer than this release');
  });

  it('is refused when its letters cannot be read, never read with others in their place', () => {
    const { decode } = createCodec(testContract);
    const record = { ...sent(copied('test.happened', '{"count":5}')), value: Buffer.from('{"count":5,"x":"\xe3"}', 'latin1') };
    expect(() => fromRecord(decode, record)).toThrow(TypeError);
  });

  it('is refused by a reader of another log', () => {
    expect(() => mustBeOf('log', sent(copied('test.happened', '{}')))).not.toThrow();
    expect(() => mustBeOf('other', sent(copied('test.happened', '{}')))).toThrow(OtherLog);
  });
});
