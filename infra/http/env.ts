// What a request carries through Hono: who asks, from where, and the ids by which its log lines are found.
import type { IncomingMessage, ServerResponse } from 'node:http';

export const roles = ['CUSTOMER', 'SELLER', 'AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN'] as const;
export type Role = (typeof roles)[number];

/** Roles of those who work for the market itself. AUDITOR and ANALYST only read: no route that writes names them. */
export const staffRoles: readonly Role[] = ['AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN'];

export const isStaff = (role: Role): boolean => staffRoles.includes(role);

/** Who asks. A guest has no roles; `sellerId` is there when the person sells, and comes from the token alone. */
export interface Principal {
  readonly kind: 'user' | 'guest';
  readonly id: string;
  readonly roles: readonly Role[];
  readonly sellerId?: string;
  readonly sessionId?: string;
  /** A guest who has shown the link to this purchase: its buyer, and nobody beyond it. */
  readonly purchaseId?: string;
  /** A guest whose id was drawn for this very request: nothing can stand under it yet. */
  readonly isNew?: true;
}

/** The variables that the gateway sets, and the bindings that @hono/node-server gives (absent under `app.request`). */
export interface Env {
  Variables: {
    requestId: string;
    correlationId: string;
    principal: Principal | null;
    /** IP address of the client, seen through the trusted proxies only; empty when there is no socket. */
    clientAddress: string;
    /** The body once it was received, and once it was read as text. */
    bodyBytes?: Uint8Array;
    bodyText?: string;
  };
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
}
