// What the rest of the marketplace asks of the read models, wherever they are kept.
import type { ReaderState } from './infra/event-feed/port.ts';
import type { ParkedRowStatus, ProjectionStatus, Request } from './projector.ts';

/** What a request is answered by. */
export interface Answers {
  status: readonly ProjectionStatus[];
  parked: readonly ParkedRowStatus[];
  readers: Readonly<Record<string, ReaderState>>;
  retry: boolean;
  skip: boolean;
  rebuild: null;
  analytics: boolean;
  close: null;
}

export interface ReadModels {
  readonly logId: string;
  /** Answers when every read model of this release is built. */
  ready(): Promise<void>;
  /** Position that all of them have passed, as far as is known here. */
  position(): number;
  /** Waits until they have passed `position`; false when they did not within `milliseconds`. */
  passed(position: number, milliseconds: number): Promise<boolean>;
  ask<R extends Request>(request: R): Promise<Answers[R['ask']]>;
  /** Waits until analytics has come to `position`; false when it did not within `milliseconds`. */
  factsPassed(position: number, milliseconds: number): Promise<boolean>;
  close(): Promise<void>;
}
