// The way into EventStoreDB's metadata and back changes no byte.
import { hash as digest } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf, metadataWithHash, withoutHash } from './eventstoredb-form.ts';

const hashOf = (text: string) => digest('sha256', text, 'hex');
const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });

describe('metadata with its hash', () => {
  it('gives back the very text, whatever stands in it', () => {
    fc.assert(
      fc.property(object, fc.string(), (value, seed) => {
        const metadata = JSON.stringify(value);
        const hash = hashOf(seed);
        const text = metadataWithHash(metadata, hash);
        expect(withoutHash(text)).toEqual({ metadata, hash });
        expect(JSON.parse(text).hash).toBe(hash);
        expect(withoutHash(Buffer.from(text).toString())).toEqual({ metadata, hash });
      }),
    );
  });

  it.each(['{}', '{"eventId":"e"}', '', '{"hash":"abc"}'])('is not taken for ours without a hash: %s', (text) => {
    expect(withoutHash(text)).toBeNull();
  });
});

describe('the id in EventStoreDB', () => {
  it('is a UUID of version 8, the same for the same hash and another for another', () => {
    const [a, b] = [hashOf('a'), hashOf('b')];
    expect(idOf(a)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idOf(a)).toBe(idOf(a));
    expect(idOf(a)).not.toBe(idOf(b));
  });
});
