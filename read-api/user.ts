// Queries of people: the own profile, addresses and everything that is kept of them; for administrators, the accounts.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { normalEmail } from '../domain/email.ts';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { isSealed } from '../domain/privacy.ts';
import { Address, Erased, Fields, Language, Moment, type Revised, revised } from '../infra/http/answers.ts';
import { type Env, roles } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { Condition, Query, TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { EmailRow } from '../projections/auth/emails.ts';
import type { SessionsRow } from '../projections/auth/sessions.ts';
import type { ProfileRow } from '../projections/user/profiles.ts';
import { createBuyers } from './buyers.ts';
import { json, page, tagged } from './http.ts';

export interface UserQueriesNeeds {
  readonly tables: TableReader;
  readonly seals: Seals;
  readonly blindIndex: (kind: string, value: string) => string;
}

/** What is kept of a person besides profile, sessions and cart, by its name in the export: a read model, and which of its rows. */
const kept: Readonly<Record<string, (ids: Condition) => { readonly projection: string; readonly where: NonNullable<Query['where']> }>> = {
  checkouts: (buyerId) => ({ projection: 'checkout-checkouts', where: { buyerId } }),
  orders: (buyerId) => ({ projection: 'order-orders', where: { buyerId } }),
  returns: (buyerId) => ({ projection: 'return-returns', where: { buyerId } }),
  reviews: (subjectId) => ({ projection: 'reviews', where: { subjectId, own: 1 } }),
  shops: (userId) => ({ projection: 'seller-stores', where: { userId } }),
};
/** Of each; more than anybody has. */
const mostRows = 10_000;

/** The value with everything in it opened that is sealed under this person's keys; what belongs to others stays closed to him or her. */
const openedDeep = async (seals: Seals, personIds: readonly string[], value: unknown): Promise<unknown> => {
  if (isSealed(value)) return personIds.some((personId) => value.startsWith(`pii1.${personId}.`)) ? seals.open(value) : '[sealed]';
  if (Array.isArray(value)) return Promise.all(value.map((item) => openedDeep(seals, personIds, item)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await openedDeep(seals, personIds, item)]));
  return Object.fromEntries(entries);
};

const Profile = z
  .object({
    userId: Id,
    status: z.enum(['Active', 'Suspended', 'Erased']),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    name: z.string().nullable(),
    phone: z.string().nullable(),
    language: Language,
    marketing: z.boolean(),
    roles: z.array(z.enum(roles)),
    sellerId: Id.nullable(),
    registeredAt: Moment,
    ...revised,
  })
  .meta({ id: 'Profile' });
const SavedAddresses = z
  .object({
    items: z.array(z.object({ addressId: Id, label: z.string().nullable(), address: Address.or(Erased), primary: z.boolean() })),
  })
  .meta({ id: 'SavedAddresses' });
/** All that is kept, as it is kept: what a row holds is the read model's business. */
const PersonalData = z
  .object({
    profile: Fields,
    sessions: z.array(Fields),
    cart: Fields.nullable(),
    checkouts: z.array(Fields),
    orders: z.array(Fields),
    returns: z.array(Fields),
    reviews: z.array(Fields),
    shops: z.array(Fields),
  })
  .meta({ id: 'PersonalData' });

const notFound = () => new DomainError('user.not_found', 'There is no such user.');

const profileText = async (tables: TableReader, userId: string): Promise<string> => {
  const text = await tables.get('user-profiles', userId);
  if (text === null) throw notFound();
  return text;
};
const profileOf = async (tables: TableReader, userId: string) => JSON.parse(await profileText(tables, userId)) as ProfileRow & Revised;

/** The profile that an answer is about, with its ETag. */
const taggedProfile = async (c: Context<Env>, tables: TableReader, userId: string) =>
  JSON.parse(tagged(c, await profileText(tables, userId))) as ProfileRow & Revised;

/** The profile in plain text; email, name and phone are what is sealed in it besides the addresses. */
const openedProfile = async (seals: Seals, { addresses: _, primaryAddressId: __, ...row }: ProfileRow & Revised) => {
  const opened = async (value: ProfileRow['email']) => value && ((await seals.open(value)) as string | null);
  const [email, name, phone] = await Promise.all([opened(row.email), opened(row.name), opened(row.phone)]);
  return { ...row, email, name, phone };
};

const openedAddresses = (seals: Seals, { addresses, primaryAddressId }: ProfileRow) =>
  Promise.all(
    addresses.map(async ({ addressId, label, address }) => ({
      addressId,
      label: label && ((await seals.open(label)) as string | null),
      address: (await seals.open(address)) as Address | z.output<typeof Erased>,
      primary: addressId === primaryAddressId,
    })),
  );

const own = ({ tables, seals, blindIndex }: UserQueriesNeeds) =>
  new Hono<Env>()
    .get(
      '/users/me',
      allow('signed-in', {
        operation: 'getMyProfile',
        answer: Profile,
        summary: 'The own profile.',
        owner: 'self',
        errors: ['user.not_found'],
      }),
      async (c) => json(c, jsonText(await openedProfile(seals, await taggedProfile(c, tables, principalOf(c).id)))),
    )
    .get(
      '/users/me/addresses',
      allow('signed-in', {
        operation: 'listMyAddresses',
        answer: SavedAddresses,
        summary: 'The own addresses.',
        owner: 'self',
        errors: ['user.not_found'],
      }),
      async (c) => json(c, jsonText({ items: await openedAddresses(seals, await taggedProfile(c, tables, principalOf(c).id)) })),
    )
    .get(
      '/users/me/export',
      allow('signed-in', {
        operation: 'exportMyData',
        answer: PersonalData,
        summary: 'Everything that is kept of oneself, in plain text.',
        owner: 'self',
        errors: ['user.not_found'],
        load: 'reports',
      }),
      async (c) => {
        const { id } = principalOf(c);
        // Also what was bought as a guest, before there was an account.
        const ids = await createBuyers(tables, blindIndex).idsOf(principalOf(c));
        const profile = await profileOf(tables, id);
        const [sessions, cart] = await Promise.all([tables.get('auth-sessions', id), tables.get('cart-carts', id)]);
        const lists = await Promise.all(
          Object.entries(kept).map(async ([name, rowsOf]) => {
            const { projection, where } = rowsOf({ in: ids });
            const found = await tables.find(projection, { where, limit: mostRows });
            return [name, found.map((row) => JSON.parse(row.row))];
          }),
        );
        const all = {
          profile,
          sessions: sessions === null ? [] : (JSON.parse(sessions) as SessionsRow).sessions,
          cart: cart === null ? null : JSON.parse(cart),
          ...Object.fromEntries(lists),
        };
        c.header('content-disposition', 'attachment; filename="my-data.json"');
        return json(c, jsonText((await openedDeep(seals, ids, all)) as z.output<typeof PersonalData>));
      },
    );

const Filter = z.object({
  ...paging,
  email: z.string().trim().min(1).max(254).optional(),
  role: z.enum(['SELLER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN']).optional(),
  status: z.enum(['Active', 'Suspended', 'Erased']).optional(),
});
const columnOf = { SELLER: 'seller', AUDITOR: 'auditor', ANALYST: 'analyst', ADMIN: 'admin', SUPER_ADMIN: 'superAdmin' } as const;

const administration = ({ tables, seals, blindIndex }: UserQueriesNeeds) =>
  new Hono<Env>()
    .get(
      '/admin/users',
      allow('ADMIN', {
        operation: 'listUsers',
        answer: pageSchema(Profile),
        summary: 'Accounts, newest first: all, by role or status, or the one with this e-mail address.',
        load: 'reports',
      }),
      query(Filter),
      async (c) => {
        const { email, role, status, ...asked } = c.req.valid('query');
        if (email !== undefined) {
          const claimed = await tables.get('auth-emails', `email.${blindIndex('email', normalEmail(email))}`);
          const found = claimed === null ? null : await profileOf(tables, (JSON.parse(claimed) as EmailRow).userId);
          return json(c, jsonText({ items: found ? [await openedProfile(seals, found)] : [], next: null }));
        }
        const where: Query['where'] = { ...(status && { status }), ...(role && { [columnOf[role]]: 1 }) };
        return json(
          c,
          await page(tables, 'user-profiles', { where, order: [['registeredAt', 'desc']] }, asked, async ({ row }) =>
            jsonText(await openedProfile(seals, JSON.parse(row) as ProfileRow & Revised)),
          ),
        );
      },
    )
    .get(
      '/admin/users/:userId',
      allow('ADMIN', { operation: 'getUser', answer: Profile, summary: 'One account.', errors: ['user.not_found'] }),
      params(z.object({ userId: Id })),
      async (c) => json(c, jsonText(await openedProfile(seals, await taggedProfile(c, tables, c.req.valid('param').userId)))),
    );

export const userQueries = (needs: UserQueriesNeeds) => new Hono<Env>().route('/', own(needs)).route('/', administration(needs));
