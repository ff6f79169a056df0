// That one SUPER_ADMIN is always left: a rule over many accounts, decided in one stream, through which every loss of the role goes first.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { StaffEvent } from './events.ts';

export type StaffCommand =
  | { type: 'add'; userId: string }
  /** Of somebody who has the role, perhaps from before this stream began; one who was ever removed here is not brought back by it. */
  | { type: 'adopt'; userId: string }
  | { type: 'remove'; userId: string };

export interface Staff {
  /**
   * Who has the role in an account that is neither suspended nor erased. NOTE: it may lack somebody for a moment, since the role is granted
   * before it is written here and taken away after; it never counts one too many.
   */
  readonly superAdmins: readonly string[];
  readonly removed: readonly string[];
}

/** The one stream there is. */
export const staffId = 'super_admins';

const evolve = ({ superAdmins, removed }: Staff, { type, userId }: StaffEvent): Staff => {
  const others = superAdmins.filter((one) => one !== userId);
  const gone = removed.filter((one) => one !== userId);
  switch (type) {
    case 'staff.super_admin_added':
      return { superAdmins: [...others, userId], removed: gone };
    case 'staff.super_admin_removed':
      return { superAdmins: others, removed: [...gone, userId] };
    default:
      return type satisfies never;
  }
};

const add = ({ superAdmins }: Staff, userId: string): StaffEvent[] =>
  superAdmins.includes(userId) ? [] : [{ type: 'staff.super_admin_added', userId }];

const remove = ({ superAdmins }: Staff, userId: string): StaffEvent[] => {
  if (!superAdmins.includes(userId)) return [];
  if (superAdmins.length === 1)
    throw new DomainError('auth.last_super_admin', 'This is the last SUPER_ADMIN: give the role to somebody else first.');
  return [{ type: 'staff.super_admin_removed', userId }];
};

export const staff: Decider<Staff, StaffCommand, StaffEvent> = {
  category: 'staff',
  version: 1,
  initial: { superAdmins: [], removed: [] },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'add':
        return add(state, command.userId);
      case 'adopt':
        return state.removed.includes(command.userId) ? [] : add(state, command.userId);
      case 'remove':
        return remove(state, command.userId);
      default:
        return command satisfies never;
    }
  },
};
