// The open sessions of each account: the rows behind GET /auth/sessions.
import type { AccountEvent } from '../../domain/account/events.ts';
import type { Sealed } from '../../domain/privacy.ts';
import type { Projection } from '../projection.ts';

export interface SessionRow {
  readonly sessionId: string;
  readonly method: Extract<AccountEvent, { type: 'account.session_opened' }>['method'];
  readonly device: Sealed | null;
  readonly openedAt: string;
}

export interface SessionsRow {
  readonly userId: string;
  /** The oldest first. */
  readonly sessions: readonly SessionRow[];
}

type Read = Extract<
  AccountEvent,
  {
    type: 'account.session_opened' | 'account.session_revoked' | 'account.all_sessions_revoked' | 'account.suspended' | 'account.erased';
  }
>;

export const sessions: Projection<SessionsRow, Read> = {
  name: 'auth-sessions',
  service: 'auth',
  version: 1,
  reads: ['account.session_opened', 'account.session_revoked', 'account.all_sessions_revoked', 'account.suspended', 'account.erased'],
  key: ({ event }) => event.userId,
  evolve: (row, { event, metadata }) => {
    const { userId } = event;
    const open = row?.sessions ?? [];
    switch (event.type) {
      case 'account.session_opened': {
        const { sessionId, method, device } = event;
        return { userId, sessions: [...open, { sessionId, method, device, openedAt: metadata.occurredAt }] };
      }
      case 'account.session_revoked':
        return { userId, sessions: open.filter(({ sessionId }) => sessionId !== event.sessionId) };
      case 'account.all_sessions_revoked':
        return { userId, sessions: open.filter(({ sessionId }) => sessionId === event.exceptSessionId) };
      case 'account.suspended':
      case 'account.erased':
        return null;
      default:
        return event satisfies never;
    }
  },
};
