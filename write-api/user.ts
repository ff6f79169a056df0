// Commands of people over HTTP: the own profile, addresses, preferences and erasure; for administrators, suspension and roles.
import { Hono } from 'hono';
import { z } from 'zod';
import { type AuthNeeds, mustKnowPassword } from '../commands/auth.ts';
import { eraseAccount } from '../commands/erasure.ts';
import { newId } from '../commands/handle.ts';
import { grantRole, reinstateAccount, revokeRole, rulerOf, suspendAccount } from '../commands/staff.ts';
import {
  addAddress,
  changeAddress,
  editProfile,
  mustBeRegistered,
  removeAddress,
  setPreferences,
  setPrimaryAddress,
} from '../commands/user.ts';
import { Id } from '../domain/id.ts';
import type { Sealed } from '../domain/privacy.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { roles } from '../infra/http/env.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { noSessionCookies } from '../infra/http/session-cookies.ts';
import { line, lines, Phone } from '../infra/http/text.ts';
import type { Json, Seals } from '../infra/vault/port.ts';
import { Address } from './address.ts';
import { answer, context, type WriteEnv, written } from './http.ts';

export type UserRoutesNeeds = Pick<AuthNeeds, 'handle' | 'passwords' | 'blindIndex' | 'seals' | 'refreshTokens'> & {
  readonly store: Pick<EventStore, 'read'>;
  readonly secure: boolean;
};

const name = line(120);
const Label = line(60).nullable().default(null);
const AddressId = params(z.object({ addressId: Id }));
const UserId = params(z.object({ userId: Id }));
const GrantedRole = params(z.object({ userId: Id, role: z.enum(['AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN']) }));
const RevokedRole = params(z.object({ userId: Id, role: z.enum(['SELLER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN']) }));
const Suspension = z.object({
  reason: z.enum(['fraud', 'abuse', 'request', 'other']),
  note: lines(1_000).min(1).nullable().default(null),
});

const noUser = ['auth.not_registered'];
/** What is told of oneself is sealed: nothing more is kept of somebody who has just been erased. */
const noProfile = ['user.not_found', 'user.erased'];
const noAddress = ['user.address_not_found', 'user.not_found'];

/** Seals what is there; null and "not said" stay what they are. */
const sealed = async <V extends Json | undefined>(
  seals: Seals,
  personId: string,
  value: V,
): Promise<Sealed | Extract<V, null | undefined>> =>
  (value === null || value === undefined ? value : await seals.seal(personId, value)) as Sealed | Extract<V, null | undefined>;

const ChangedUser = written('ChangedUser', { userId: Id });
const AddedAddress = written('AddedAddress', {
  addressId: Id,
  primary: z.boolean().optional().describe('Absent in the answer to a repeat that comes long after.'),
});
const ChangedAddress = written('ChangedAddress', { addressId: Id });
const ChangedRole = written('ChangedRole', { userId: Id, role: z.enum(roles) });

const ownData = ({ handle, seals }: UserRoutesNeeds) =>
  new Hono<WriteEnv>()
    .patch(
      '/users/me',
      allow('signed-in', {
        operation: 'editMyProfile',
        answer: ChangedUser,
        summary: 'Change the own name or phone number.',
        owner: 'self',
        errors: noProfile,
      }),
      body(z.object({ name: name.optional(), phone: Phone.nullable().optional() })),
      async (c) => {
        const { id } = principalOf(c);
        const edit = c.req.valid('json');
        const [newName, newPhone] = await Promise.all([sealed(seals, id, edit.name), sealed(seals, id, edit.phone)]);
        return answer(c, 200, await editProfile(handle, id, { name: newName, phone: newPhone }, context(c)), () => ({ userId: id }));
      },
    )
    .put(
      '/users/me/preferences',
      allow('signed-in', {
        operation: 'setMyPreferences',
        answer: ChangedUser,
        summary: 'Choose language and marketing mail.',
        owner: 'self',
        errors: ['user.not_found'],
      }),
      body(z.object({ language: z.enum(['id', 'en', 'pt']).optional(), marketing: z.boolean().optional() })),
      async (c) => {
        const { id } = principalOf(c);
        return answer(c, 200, await setPreferences(handle, id, c.req.valid('json'), context(c)), () => ({ userId: id }));
      },
    )
    .post(
      '/users/me/addresses',
      allow('signed-in', {
        operation: 'addMyAddress',
        answer: AddedAddress,
        summary: 'Add an address.',
        owner: 'self',
        status: 201,
        errors: [...noProfile, 'user.too_many_addresses'],
      }),
      body(z.object({ label: Label, address: Address, primary: z.boolean().default(false) })),
      async (c) => {
        const { id } = principalOf(c);
        const { label, address, primary } = c.req.valid('json');
        const [theLabel, theAddress] = await Promise.all([sealed(seals, id, label), seals.seal(id, address)]);
        const asked = context(c);
        const addressId = newId(asked, 0);
        const result = await addAddress(handle, id, { addressId, label: theLabel, address: theAddress, primary }, asked);
        return answer(c, 201, result, ({ events }) => {
          const [added] = events;
          return { addressId, ...(added?.event.type === 'user.address_added' && { primary: added.event.primary }) };
        });
      },
    )
    .put(
      '/users/me/addresses/:addressId',
      allow('signed-in', {
        operation: 'changeMyAddress',
        answer: ChangedAddress,
        summary: 'Change an address.',
        owner: 'self',
        errors: [...noAddress, 'user.erased'],
      }),
      AddressId,
      body(z.object({ label: Label, address: Address })),
      async (c) => {
        const { id } = principalOf(c);
        const { addressId } = c.req.valid('param');
        const { label, address } = c.req.valid('json');
        const [theLabel, theAddress] = await Promise.all([sealed(seals, id, label), seals.seal(id, address)]);
        const result = await changeAddress(handle, id, { addressId, label: theLabel, address: theAddress }, context(c));
        return answer(c, 200, result, () => ({ addressId }));
      },
    )
    .delete(
      '/users/me/addresses/:addressId',
      allow('signed-in', {
        operation: 'removeMyAddress',
        answer: ChangedAddress,
        summary: 'Remove an address.',
        owner: 'self',
        errors: ['user.not_found'],
      }),
      AddressId,
      async (c) => {
        const { addressId } = c.req.valid('param');
        return answer(c, 200, await removeAddress(handle, principalOf(c).id, addressId, context(c)), () => ({ addressId }));
      },
    )
    .put(
      '/users/me/addresses/:addressId/primary',
      allow('signed-in', {
        operation: 'setMyPrimaryAddress',
        answer: ChangedAddress,
        summary: 'Make an address the primary one.',
        owner: 'self',
        errors: noAddress,
      }),
      AddressId,
      async (c) => {
        const { addressId } = c.req.valid('param');
        return answer(c, 200, await setPrimaryAddress(handle, principalOf(c).id, addressId, context(c)), () => ({ addressId }));
      },
    );

const leaving = (needs: UserRoutesNeeds) =>
  new Hono<WriteEnv>().delete(
    '/users/me',
    allow('signed-in', {
      operation: 'eraseMyAccount',
      answer: ChangedUser,
      summary: 'Erase the own account and all personal data, for good. Needs the password.',
      owner: 'self',
      status: 202,
      rate: 'login',
      errors: ['auth.bad_credentials', 'auth.own_role', 'user.has_balance', 'user.has_open_orders', 'user.has_store'],
    }),
    body(z.object({ password: z.string().min(1).max(1_024) })),
    async (c) => {
      const { id } = principalOf(c);
      const own = context(c);
      await mustKnowPassword(needs, id, c.req.valid('json').password, own.at);
      const result = await eraseAccount(needs, id, own);
      await needs.refreshTokens.endSessionsOf(id);
      for (const cookie of noSessionCookies(needs.secure)) c.header('set-cookie', cookie, { append: true });
      return answer(c, 202, result, () => ({ userId: id }));
    },
  );

const administration = ({ handle, seals, refreshTokens }: UserRoutesNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/admin/users/:userId/suspension',
      allow('ADMIN', {
        operation: 'suspendAccount',
        answer: ChangedUser,
        summary: 'Suspend an account; its sessions end.',
        errors: [...noUser, 'auth.own_role', 'auth.last_super_admin', 'user.erased'],
      }),
      UserId,
      body(Suspension),
      async (c) => {
        const { userId } = c.req.valid('param');
        const { reason, note } = c.req.valid('json');
        await mustBeRegistered(handle, userId);
        const input = { reason, note: await sealed(seals, userId, note), by: await rulerOf(handle, principalOf(c)) };
        return answer(c, 200, await suspendAccount({ handle, refreshTokens }, userId, input, context(c)), () => ({ userId }));
      },
    )
    .delete(
      '/admin/users/:userId/suspension',
      allow('ADMIN', { operation: 'reinstateAccount', answer: ChangedUser, summary: 'Let a suspended account in again.', errors: noUser }),
      UserId,
      async (c) => {
        const { userId } = c.req.valid('param');
        return answer(c, 200, await reinstateAccount(handle, userId, await rulerOf(handle, principalOf(c)), context(c)), () => ({
          userId,
        }));
      },
    )
    .put(
      '/admin/users/:userId/roles/:role',
      allow('ADMIN', {
        operation: 'grantRole',
        answer: ChangedRole,
        summary: 'Grant a role; only a SUPER_ADMIN makes auditors, analysts and administrators.',
        errors: noUser,
      }),
      GrantedRole,
      async (c) => {
        const { userId, role } = c.req.valid('param');
        return answer(c, 200, await grantRole(handle, userId, { role, by: await rulerOf(handle, principalOf(c)) }, context(c)), () => ({
          userId,
          role,
        }));
      },
    )
    .delete(
      '/admin/users/:userId/roles/:role',
      allow('ADMIN', {
        operation: 'revokeRole',
        answer: ChangedRole,
        summary: 'Revoke a role; only a SUPER_ADMIN takes one from auditors, analysts and administrators.',
        errors: [...noUser, 'auth.own_role', 'auth.last_super_admin'],
      }),
      RevokedRole,
      async (c) => {
        const { userId, role } = c.req.valid('param');
        return answer(c, 200, await revokeRole(handle, userId, { role, by: await rulerOf(handle, principalOf(c)) }, context(c)), () => ({
          userId,
          role,
        }));
      },
    );

export const userCommands = (needs: UserRoutesNeeds) =>
  new Hono<WriteEnv>().route('/', ownData(needs)).route('/', leaving(needs)).route('/', administration(needs));
