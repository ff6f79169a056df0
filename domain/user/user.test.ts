import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { pii } from '../privacy.ts';
import { user } from './user.ts';

const sealed = (text: string) => pii().parse(`pii1.u1.${text}`);
const created = { type: 'user.created', userId: 'u1', name: sealed('ani'), phone: null, language: 'id' } as const;
const add = { type: 'add_address', addressId: 'home', label: null, address: sealed('home'), primary: false } as const;
const home = { type: 'user.address_added', userId: 'u1', addressId: 'home', label: null, address: sealed('home'), primary: true } as const;
const work = { ...home, addressId: 'work', address: sealed('work'), primary: false } as const;
const erased = { type: 'user.erased', userId: 'u1' } as const;

describe('a profile', () => {
  it('is created', () =>
    given(user)
      .when({ type: 'create', userId: 'u1', name: sealed('ani'), phone: null, language: 'id' })
      .then(created));
  it('keeps what an edit leaves out', () =>
    given(user, created)
      .when({ type: 'edit_profile', phone: sealed('0812') })
      .then({ type: 'user.profile_edited', userId: 'u1', name: sealed('ani'), phone: sealed('0812') }));
  it('loses what an edit sets to nothing', () =>
    given(user, created)
      .when({ type: 'edit_profile', name: null })
      .then({ type: 'user.profile_edited', userId: 'u1', name: null, phone: null }));
  it('is not edited into what it is', () =>
    given(user, created)
      .when({ type: 'edit_profile', name: sealed('ani') })
      .then());
  it('must exist', () => given(user).when({ type: 'edit_profile', name: null }).refuses('user.not_found'));
});

describe('an address', () => {
  it('is primary when it is the first', () => given(user, created).when(add).then(home));
  it('is not primary when another is', () =>
    given(user, created, home)
      .when({ ...add, addressId: 'work', address: sealed('work') })
      .then(work));
  it('takes over as primary when it is added so', () => {
    given(user, created, home)
      .when({ ...add, addressId: 'work', address: sealed('work'), primary: true })
      .then({ ...work, primary: true });
    expect(given(user, created, home, { ...work, primary: true }).state()).toMatchObject({ primaryAddressId: 'work' });
  });
  it('takes over as primary when it is set so', () =>
    given(user, created, home, work)
      .when({ type: 'set_primary_address', addressId: 'work' })
      .then({ type: 'user.primary_address_set', userId: 'u1', addressId: 'work' }));
  it('is changed', () =>
    given(user, created, home)
      .when({ type: 'change_address', addressId: 'home', label: sealed('label'), address: sealed('new') })
      .then({ type: 'user.address_changed', userId: 'u1', addressId: 'home', label: sealed('label'), address: sealed('new') }));
  it('hands over as primary when it is removed', () =>
    given(user, created, home, work)
      .when({ type: 'remove_address', addressId: 'home' })
      .then({ type: 'user.address_removed', userId: 'u1', addressId: 'home', primaryAddressId: 'work' }));
  it('leaves the primary one alone when it was not it', () =>
    given(user, created, home, work)
      .when({ type: 'remove_address', addressId: 'work' })
      .then({ type: 'user.address_removed', userId: 'u1', addressId: 'work', primaryAddressId: 'home' }));
  it('leaves no primary one when it was the last', () =>
    given(user, created, home)
      .when({ type: 'remove_address', addressId: 'home' })
      .then({ type: 'user.address_removed', userId: 'u1', addressId: 'home', primaryAddressId: null }));
  it('is one of at most twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => ({ ...work, addressId: `a${n}` }));
    given(user, created, ...twenty)
      .when(add)
      .refuses('user.too_many_addresses');
  });
  it('must be known to be changed', () =>
    given(user, created)
      .when({ type: 'change_address', addressId: 'home', label: null, address: sealed('new') })
      .refuses('user.address_not_found'));
  it('must be known to be primary', () =>
    given(user, created).when({ type: 'set_primary_address', addressId: 'home' }).refuses('user.address_not_found'));
});

describe('preferences', () => {
  const set = { type: 'user.preferences_set', userId: 'u1', language: 'id', marketing: true } as const;
  it('are set one by one', () => given(user, created).when({ type: 'set_preferences', marketing: true }).then(set));
  it('start without marketing', () => given(user, created).when({ type: 'set_preferences', marketing: false }).then());
});

describe('an erased user', () => {
  it('is erased', () => given(user, created, home).when({ type: 'erase' }).then(erased));
  it('leaves nothing behind', () => expect(given(user, created, home, erased).state()).toEqual({ status: 'Erased', userId: 'u1' }));
  it('is not to be found', () => given(user, created, erased).when(add).refuses('user.not_found'));
  it('does not come back', () =>
    given(user, created, erased).when({ type: 'create', userId: 'u1', name: null, phone: null, language: 'id' }).refuses('user.not_found'));
});
