// Commands that give and take the roles of accounts, and suspend them: what takes a SUPER_ADMIN away goes through the one stream that knows whether another is left.
import { account } from '../domain/account/account.ts';
import type { AccountCommand, Ruler } from '../domain/account/commands.ts';
import type { Role } from '../domain/account/events.ts';
import { DomainError, isRefusal } from '../domain/error.ts';
import type { Sealed } from '../domain/privacy.ts';
import { type StaffCommand, staff, staffId } from '../domain/staff/staff.ts';
import type { RefreshTokens } from '../infra/tokens/port.ts';
import { type Context, type Handle, subcommand } from './handle.ts';

const isSuperAdmin = async (handle: Handle, userId: string): Promise<boolean> => {
  const { state } = await handle.load(account, userId);
  return state.status === 'Active' && state.roles.includes('SUPER_ADMIN');
};

/**
 * Who rules, as the log has it now: a token may say what is true no longer. Throws auth.forbidden for an account that is suspended or gone.
 * An account that was never there has a token of our own making, such as the command line's.
 */
export const rulerOf = async (handle: Handle, { id, roles }: { id: string; roles: readonly Role[] }): Promise<Ruler> => {
  const { state } = await handle.load(account, id);
  if (state.status === 'None') return { kind: 'user', userId: id, roles };
  if (state.status !== 'Active') throw new DomainError('auth.forbidden', 'Your account may do this no longer.');
  return { kind: 'user', userId: id, roles: state.roles };
};

/** Does what takes the powers of a SUPER_ADMIN away, if another is left; what is refused then leaves everything as it was. */
const takeAway = async (handle: Handle, userId: string, command: AccountCommand & { by: Ruler }, context: Context) => {
  const note = (type: StaffCommand['type'], id: string) =>
    handle(staff, staffId, { type, userId: id }, subcommand(context, `${type} ${id}`));
  const { state } = await handle.load(account, userId);
  const isOne = state.status === 'Active' && state.roles.includes('SUPER_ADMIN');
  if (!isOne || account.decide(command, state).length === 0) return handle(account, userId, command, context);
  const { by } = command;
  if (by.kind === 'user' && (await isSuperAdmin(handle, by.userId))) await note('adopt', by.userId);
  await note('adopt', userId);
  await note('remove', userId);
  return handle(account, userId, command, context).catch(async (error: unknown) => {
    if (isRefusal(error) && (await isSuperAdmin(handle, userId))) await note('add', userId);
    throw error;
  });
};

export const suspendAccount = async (
  { handle, refreshTokens }: { handle: Handle; refreshTokens: RefreshTokens },
  userId: string,
  input: { reason: 'fraud' | 'abuse' | 'request' | 'other'; note: Sealed | null; by: Ruler },
  context: Context,
) => {
  const result = await takeAway(handle, userId, { type: 'suspend', ...input }, context);
  await refreshTokens.endSessionsOf(userId);
  return result;
};

/** Written down after the account has it, so that nobody is counted who has no powers. */
const noteIfSuperAdmin = async (handle: Handle, userId: string, context: Context) => {
  if (await isSuperAdmin(handle, userId)) await handle(staff, staffId, { type: 'add', userId }, subcommand(context, 'super admin'));
};

export const reinstateAccount = async (handle: Handle, userId: string, by: Ruler, context: Context) => {
  const result = await handle(account, userId, { type: 'reinstate', by }, context);
  await noteIfSuperAdmin(handle, userId, context);
  return result;
};

export const grantRole = async (handle: Handle, userId: string, input: { role: Role; by: Ruler }, context: Context) => {
  const result = await handle(account, userId, { type: 'grant_role', sellerId: null, ...input }, context);
  if (input.role === 'SUPER_ADMIN') await noteIfSuperAdmin(handle, userId, context);
  return result;
};

export const revokeRole = (handle: Handle, userId: string, input: { role: Role; by: Ruler }, context: Context) => {
  const command = { type: 'revoke_role', ...input } as const;
  return input.role === 'SUPER_ADMIN' ? takeAway(handle, userId, command, context) : handle(account, userId, command, context);
};
