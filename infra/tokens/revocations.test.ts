import { beforeEach, describe, expect, it } from 'vitest';
import type { Revocations } from './port.ts';
import { createRevocations } from './revocations.ts';

const noon = Date.parse('2026-01-01T12:00:00.000Z');
const minute = 60_000;
let clock: number;
let running: number;
const pass = (milliseconds: number) => {
  clock += milliseconds;
  running += milliseconds;
};
let revocations: Revocations;
beforeEach(() => {
  clock = noon;
  running = 0;
  revocations = createRevocations(
    () => clock,
    () => running,
  );
});
const token = { sub: 'U1', sid: 'S1', epoch: 3 };

describe('revocations', () => {
  it('hit the session and the user that they name, nobody else', () => {
    expect(revocations.isRevoked(token)).toBe(false);
    revocations.revokeSession('S2');
    revocations.raiseEpoch('U2', 9);
    revocations.raiseEpoch('U1', 3);
    expect(revocations.isRevoked(token)).toBe(false);
    revocations.raiseEpoch('U1', 4);
    expect(revocations.isRevoked(token)).toBe(true);
    expect(revocations.isRevoked({ ...token, epoch: 4 })).toBe(false);
  });
  it('never take an epoch back', () => {
    revocations.raiseEpoch('U1', 5);
    revocations.raiseEpoch('U1', 4);
    expect(revocations.isRevoked({ ...token, epoch: 4 })).toBe(true);
  });
  it('are held as long as a token from before can live, then dropped', () => {
    revocations.revokeSession('S1');
    revocations.raiseEpoch('U1', 4);
    pass(10 * minute);
    expect(revocations.isRevoked(token)).toBe(true);
    pass(2 * minute);
    revocations.revokeSession('S9');
    revocations.raiseEpoch('U9', 1);
    expect(revocations.size()).toBe(2);
  });
  it('hold for as long though the clock was behind when they were told', () => {
    clock -= 60 * minute;
    revocations.revokeSession('S1');
    clock += 60 * minute;
    revocations.revokeSession('S9');
    expect(revocations.isRevoked(token)).toBe(true);
  });
  it('of long ago cost nothing when history is read again', () => {
    revocations.revokeSession('S1', '2026-01-01T11:00:00.000Z');
    revocations.raiseEpoch('U1', 9, '2026-01-01T11:00:00.000Z');
    expect(revocations.size()).toBe(0);
    revocations.revokeSession('S1', '2026-01-01T11:55:00.000Z');
    expect(revocations.isRevoked(token)).toBe(true);
  });
});
