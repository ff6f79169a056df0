import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, pageOf } from './pages.ts';

describe('a page', () => {
  it('points at the next one while there is one', () => {
    const first = pageOf([1, 2, 3], 2, (n) => [n]);
    expect(first).toEqual({ items: [1, 2], next: encodeCursor([2]) });
    expect(decodeCursor(first.next ?? undefined, 1)).toEqual([2]);
    expect(pageOf([3], 2, (n) => [n])).toEqual({ items: [3], next: null });
  });
  it.each(['x', '%%%', encodeCursor([1, 2]), Buffer.from('{"a":1}').toString('base64url')])(
    'refuses a cursor that is not ours: %s',
    (cursor) => {
      expect(() => decodeCursor(cursor, 1)).toThrow(expect.objectContaining({ code: 'request.bad_cursor' }));
    },
  );
  it('starts at the beginning without a cursor', () => expect(decodeCursor(undefined, 1)).toBeNull());
});
