import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { claim } from './claim.ts';

const noon = '2026-01-01T12:00:00.000Z';
const tenPast = '2026-01-01T12:10:00.000Z';
const held = { claimId: 'email.9f86d0', kind: 'email', owner: 'ani' } as const;
const other = { ...held, owner: 'budi' } as const;
const claimed = { type: 'claim.claimed', ...held, expiresAt: tenPast } as const;
const confirmed = { type: 'claim.confirmed', ...held } as const;
const released = { type: 'claim.released', ...held } as const;

describe('a value is claimed', () => {
  it('by the first who asks', () =>
    given(claim)
      .when({ type: 'claim', ...held, at: noon })
      .then(claimed));
  it('once, however often its owner asks', () =>
    given(claim, claimed)
      .when({ type: 'claim', ...held, at: noon })
      .then());
  it('by nobody else for ten minutes', () =>
    given(claim, claimed)
      .when({ type: 'claim', ...other, at: '2026-01-01T12:09:59.999Z' })
      .refuses('claim.taken'));
  it('by another once it stood unconfirmed for ten minutes', () =>
    given(claim, claimed)
      .when({ type: 'claim', ...other, at: tenPast })
      .then({ type: 'claim.claimed', ...other, expiresAt: '2026-01-01T12:20:00.000Z' }));
  it('anew by its owner when it expired', () =>
    given(claim, claimed)
      .when({ type: 'claim', ...held, at: tenPast })
      .then({ ...claimed, expiresAt: '2026-01-01T12:20:00.000Z' }));
  it('by another once the clock is right that was ahead', () =>
    given(claim, { ...claimed, expiresAt: '2026-03-01T12:10:00.000Z' })
      .when({ type: 'claim', ...other, at: tenPast })
      .then({ type: 'claim.claimed', ...other, expiresAt: '2026-01-01T12:20:00.000Z' }));
  it('by nobody else, however late, once it is confirmed', () =>
    given(claim, claimed, confirmed)
      .when({ type: 'claim', ...other, at: '2027-01-01T00:00:00.000Z' })
      .refuses('claim.taken'));
  it('by its owner still, once it is confirmed', () =>
    given(claim, claimed, confirmed)
      .when({ type: 'claim', ...held, at: tenPast })
      .then());
  it('by another once it is released', () =>
    given(claim, claimed, confirmed, released)
      .when({ type: 'claim', ...other, at: noon })
      .then({ ...claimed, owner: 'budi' }));
});

describe('a claim is confirmed', () => {
  it('by its owner', () => given(claim, claimed).when({ type: 'confirm', owner: 'ani' }).then(confirmed));
  it('not by another', () => given(claim, claimed).when({ type: 'confirm', owner: 'budi' }).refuses('claim.taken'));
  it('not after another has taken it', () =>
    given(claim, claimed, { ...claimed, owner: 'budi' })
      .when({ type: 'confirm', owner: 'ani' })
      .refuses('claim.taken'));
  it('not when nobody holds it', () => given(claim).when({ type: 'confirm', owner: 'ani' }).refuses('claim.taken'));
});

describe('a claim is released', () => {
  it('before it is confirmed', () => given(claim, claimed).when({ type: 'release', owner: 'ani' }).then(released));
  it('after it is confirmed', () => given(claim, claimed, confirmed).when({ type: 'release', owner: 'ani' }).then(released));
  it('only by its owner', () => given(claim, claimed, confirmed).when({ type: 'release', owner: 'budi' }).then());
});
