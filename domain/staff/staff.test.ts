import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { staff } from './staff.ts';

const added = (userId: string) => ({ type: 'staff.super_admin_added', userId }) as const;
const removed = (userId: string) => ({ type: 'staff.super_admin_removed', userId }) as const;

describe('the SUPER_ADMINs', () => {
  it('become more', () => given(staff, added('a')).when({ type: 'add', userId: 'b' }).then(added('b')));
  it('become fewer while one is left', () => given(staff, added('a'), added('b')).when({ type: 'remove', userId: 'a' }).then(removed('a')));
  it('never become none', () =>
    given(staff, added('a'), added('b'), removed('a')).when({ type: 'remove', userId: 'b' }).refuses('auth.last_super_admin'));
  it('of before are taken over when they are met', () => given(staff, added('a')).when({ type: 'adopt', userId: 'b' }).then(added('b')));
  it('who were removed are not brought back by what was read before', () =>
    given(staff, added('a'), added('b'), removed('b')).when({ type: 'adopt', userId: 'b' }).then());
  it('who were removed may be made anew', () =>
    given(staff, added('a'), added('b'), removed('b')).when({ type: 'add', userId: 'b' }).then(added('b')));
});
