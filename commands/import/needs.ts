// What an import works with: the same commands as everybody, and the sagas at the source's times.
import type { Recorded } from '../../domain/metadata.ts';
import type { Seals } from '../../infra/vault/port.ts';
import type { Context, Handle } from '../handle.ts';

/** A command that a saga sends. */
interface Send {
  readonly target: string;
  readonly id: string;
  readonly command: { readonly type: string };
}

export interface ImportNeeds {
  readonly handle: Handle;
  /** A name for a value that says nothing about it: how names of shops and products are claimed. */
  readonly blindIndex: (kind: string, value: string) => string;
  readonly seals: Pick<Seals, 'prepare' | 'seal'>;
  /** Answers when all that follows from these events has happened too. `amend` adds to a command what only the source knows. */
  readonly carry: (events: readonly Recorded[], amend?: (send: Send) => Send) => Promise<void>;
  /** Nothing of this was imported before: streams that are created need not be looked for. */
  readonly fresh: boolean;
  /** How many things may be under way at once. */
  readonly atOnce: number;
  /** Aborted when it is to end: nothing new is begun then. */
  readonly signal?: AbortSignal;
  readonly progress: (what: string, done: number, all: number) => void;
}

/** Everything that an import does is done by it, at the source's time, for no timer and no mail. `commandId` derives from the source's row. */
export const importContext = (at: string, commandId: string, correlationId = commandId): Context => ({
  commandId,
  correlationId,
  causationId: commandId,
  actor: { kind: 'system', id: 'import' },
  at,
  origin: 'import',
});

/** The same for a command that begins a stream, which is not looked for in a first run. */
export const creating = (context: Context, { fresh }: ImportNeeds): Context => (fresh ? { ...context, fresh: true } : context);
