// A webhook is believed only if its bytes, its key and its time are right.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readSigned, sign, signatureHeader } from './signature.ts';

const secret = 'a shared secret';
const sentAt = Date.parse('2026-01-01T00:00:00.000Z');
const body = Buffer.from('{"paid":true}');
const read = (signature: string | undefined, rawBody: Uint8Array = body, now = sentAt) =>
  readSigned(
    z.object({ paid: z.boolean() }),
    { headers: new Headers(signature === undefined ? {} : { [signatureHeader]: signature }), rawBody, now },
    { secret, toleranceSeconds: 300 },
  );
const refusal = (reason: string) => expect.objectContaining({ name: 'NoticeRejected', reason });

describe('a signed webhook', () => {
  it('is read when bytes, key and time match', () => expect(read(sign(secret, body, sentAt))).toEqual({ paid: true }));
  it('is read within the tolerance', () => expect(read(sign(secret, body, sentAt), body, sentAt + 299_000)).toEqual({ paid: true }));
  it('is refused without a signature', () => expect(() => read(undefined)).toThrow(refusal('unsigned')));
  it('is refused when the signature has another shape', () => expect(() => read('t=1,v1=zz')).toThrow(refusal('unsigned')));
  it('is refused when one byte differs', () =>
    expect(() => read(sign(secret, body, sentAt), Buffer.from('{"paid":tru3}'))).toThrow(refusal('forged')));
  it('is refused when the key differs', () => expect(() => read(sign('another', body, sentAt))).toThrow(refusal('forged')));
  it('is refused when the time stamp was exchanged', () =>
    expect(() => read(sign(secret, body, sentAt).replace(/t=\d+/, 't=1767225601'))).toThrow(refusal('forged')));
  it('is refused when it is replayed later', () =>
    expect(() => read(sign(secret, body, sentAt), body, sentAt + 301_000)).toThrow(refusal('stale')));
  it('is refused when it comes from the future', () => expect(() => read(sign(secret, body, sentAt + 301_000))).toThrow(refusal('stale')));
  it('is refused, though signed, when it is no JSON', () => {
    const garbage = Buffer.from('paid');
    expect(() => read(sign(secret, garbage, sentAt), garbage)).toThrow(refusal('unreadable'));
  });
  it('is refused, though signed, when its letters cannot be read', () => {
    const latin = Buffer.from('{"paid":true,"name":"S\xe3o"}', 'latin1');
    expect(() => read(sign(secret, latin, sentAt), latin)).toThrow(refusal('unreadable'));
  });
  it('is refused, though signed, when it says something else', () => {
    const other = Buffer.from('{"paid":"yes"}');
    expect(() => read(sign(secret, other, sentAt), other)).toThrow(refusal('unreadable'));
  });
});
