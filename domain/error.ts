/**
 * The one error of the domain: a rule that refused. `code` is `<service>.<reason>` (all of them stand in infra/http/errors.ts
 * with their HTTP status and meaning); `details` says which values were at fault and holds no personal data.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Whether a rule has refused for good: contention and stores that cannot be reached may end otherwise when it is tried again. */
export const isRefusal = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.code !== 'request.contended' && !error.code.startsWith('server.');
