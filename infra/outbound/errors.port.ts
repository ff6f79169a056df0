// How a call to somebody else's system can go wrong: it said no, or nobody knows what it did.

/** The provider answered and did nothing. Asking again with the same values is refused again. `code` is the provider's own word, such as `already_captured`. */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused';
  readonly provider: string;
  readonly code: string;

  constructor(provider: string, code: string, message: string) {
    super(message);
    this.provider = provider;
    this.code = code;
  }
}

/**
 * No usable answer came (time-out, broken connection, 5xx, 429), so the act may or may not have happened.
 * Send the same call with the same id again, or ask for its status; never act anew under another id.
 */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  readonly provider: string;

  constructor(provider: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.provider = provider;
  }
}

/** A webhook that does not prove where it comes from (`unsigned`, `forged`, `stale`) or, though signed, cannot be read (`unreadable`). */
export class NoticeRejected extends Error {
  override readonly name = 'NoticeRejected';
  readonly reason: 'unsigned' | 'forged' | 'stale' | 'unreadable';

  constructor(reason: NoticeRejected['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
