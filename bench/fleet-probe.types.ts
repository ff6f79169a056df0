// A line that a watched process of a fleet writes.

export interface Told {
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** How long it took. */
  readonly ms: number;
  readonly what: string;
  readonly detail?: string;
  readonly stream?: string;
  readonly types?: readonly string[];
  /** Of the last event that it was about. */
  readonly position?: number;
  readonly carried?: readonly { readonly topic: string; readonly position: number; readonly count: number }[];
}
