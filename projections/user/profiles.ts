// Everybody who has an account: the rows behind GET /users/me and the administrators' list.
import type { AccountEvent, Role } from '../../domain/account/events.ts';
import type { Sealed } from '../../domain/privacy.ts';
import type { UserEvent } from '../../domain/user/events.ts';
import type { Projection } from '../projection.ts';

export interface AddressRow {
  readonly addressId: string;
  readonly label: Sealed | null;
  readonly address: Sealed;
}

export interface ProfileRow {
  readonly userId: string;
  readonly status: 'Active' | 'Suspended' | 'Erased';
  readonly email: Sealed | null;
  readonly emailVerified: boolean;
  readonly name: Sealed | null;
  readonly phone: Sealed | null;
  readonly language: Extract<UserEvent, { type: 'user.created' }>['language'];
  readonly marketing: boolean;
  readonly addresses: readonly AddressRow[];
  readonly primaryAddressId: string | null;
  readonly roles: readonly Role[];
  readonly sellerId: string | null;
  readonly registeredAt: string;
}

type AccountRead = Extract<
  AccountEvent,
  {
    type:
      | 'account.registered'
      | 'account.email_verified'
      | 'account.role_granted'
      | 'account.role_revoked'
      | 'account.suspended'
      | 'account.reinstated'
      | 'account.erased';
  }
>;
type Read = AccountRead | UserEvent;

const nobody = (userId: string, registeredAt: string): ProfileRow => ({
  userId,
  status: 'Active',
  email: null,
  emailVerified: false,
  name: null,
  phone: null,
  language: 'id',
  marketing: false,
  addresses: [],
  primaryAddressId: null,
  roles: [],
  sellerId: null,
  registeredAt,
});

const afterAccount = (row: ProfileRow, event: AccountRead): ProfileRow => {
  switch (event.type) {
    case 'account.registered':
      return { ...row, email: event.email, emailVerified: event.emailVerified, roles: event.roles };
    case 'account.email_verified':
      return { ...row, emailVerified: true };
    case 'account.role_granted':
      return { ...row, roles: [...row.roles, event.role], sellerId: event.sellerId ?? row.sellerId };
    case 'account.role_revoked':
      return {
        ...row,
        roles: row.roles.filter((role) => role !== event.role),
        sellerId: event.role === 'SELLER' ? null : row.sellerId,
      };
    case 'account.suspended':
      return { ...row, status: 'Suspended' };
    case 'account.reinstated':
      return { ...row, status: 'Active' };
    case 'account.erased':
      return { ...nobody(row.userId, row.registeredAt), status: 'Erased' };
    default:
      return event satisfies never;
  }
};

const afterUser = (row: ProfileRow, event: UserEvent): ProfileRow => {
  switch (event.type) {
    case 'user.created':
      return { ...row, name: event.name, phone: event.phone, language: event.language };
    case 'user.profile_edited':
      return { ...row, name: event.name, phone: event.phone };
    case 'user.address_added': {
      const { addressId, label, address, primary } = event;
      const addresses = [...row.addresses, { addressId, label, address }];
      return { ...row, addresses, primaryAddressId: primary ? addressId : row.primaryAddressId };
    }
    case 'user.address_changed': {
      const { addressId, label, address } = event;
      return { ...row, addresses: row.addresses.map((known) => (known.addressId === addressId ? { addressId, label, address } : known)) };
    }
    case 'user.address_removed':
      return {
        ...row,
        addresses: row.addresses.filter(({ addressId }) => addressId !== event.addressId),
        primaryAddressId: event.primaryAddressId,
      };
    case 'user.primary_address_set':
      return { ...row, primaryAddressId: event.addressId };
    case 'user.preferences_set':
      return { ...row, language: event.language, marketing: event.marketing };
    case 'user.erased':
      return { ...nobody(row.userId, row.registeredAt), status: 'Erased' };
    default:
      return event satisfies never;
  }
};

const isAccount = (event: Read): event is AccountRead => event.type.startsWith('account.');

export const profiles: Projection<ProfileRow, Read> = {
  name: 'user-profiles',
  service: 'user',
  version: 3,
  own: { category: 'user' },
  reads: [
    'account.registered',
    'account.email_verified',
    'account.role_granted',
    'account.role_revoked',
    'account.suspended',
    'account.reinstated',
    'account.erased',
    'user.created',
    'user.profile_edited',
    'user.address_added',
    'user.address_changed',
    'user.address_removed',
    'user.primary_address_set',
    'user.preferences_set',
    'user.erased',
  ],
  key: ({ event }) => event.userId,
  evolve: (before, { event, metadata }) => {
    const row = before ?? nobody(event.userId, metadata.occurredAt);
    if (row.status === 'Erased') return row;
    return isAccount(event) ? afterAccount(row, event) : afterUser(row, event);
  },
  shape: {
    columns: {
      ...{ status: 'text', registeredAt: 'text', seller: 'integer' },
      ...{ auditor: 'integer', analyst: 'integer', admin: 'integer', superAdmin: 'integer' },
    },
    indexes: [
      ['registeredAt'],
      ['status', 'registeredAt'],
      ['seller', 'registeredAt'],
      ['auditor'],
      ['analyst'],
      ['admin'],
      ['superAdmin'],
    ],
  },
  columns: ({ status, registeredAt, roles }) => ({
    status,
    registeredAt,
    seller: roles.includes('SELLER') ? 1 : 0,
    auditor: roles.includes('AUDITOR') ? 1 : 0,
    analyst: roles.includes('ANALYST') ? 1 : 0,
    admin: roles.includes('ADMIN') ? 1 : 0,
    superAdmin: roles.includes('SUPER_ADMIN') ? 1 : 0,
  }),
};
