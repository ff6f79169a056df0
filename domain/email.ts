// How e-mail addresses are compared: two that reach the same mailbox in practice are one.

/** NOTE: claims are named by a hash of this text; another spelling would let an address be claimed twice. */
export const normalEmail = (email: string): string => email.trim().normalize('NFKC').toLowerCase();
