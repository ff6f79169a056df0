// A marketplace as tests see it, in this process or as a fleet of others.
import type { Role } from '../infra/http/env.ts';
import type { Marketplace } from '../marketplace.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** What tests look into besides: of a fleet some of it stands in other processes. */
type Inside = Omit<Marketplace, 'sagaRunner' | 'metrics'>;

export interface Market extends Inside {
  readonly sagaRunner: Pick<Marketplace['sagaRunner'], 'fireDueTimers' | 'openIntents'>;
  readonly metrics: Pick<Marketplace['metrics'], 'text'>;
  readonly dataDir: string;
  /** Changes the past behind everybody's back: a text in a stored event becomes another of the same length. */
  tamper(streamId: string, revision: number, from: string, to: string): Promise<void>;
  /** Moves the market's clock; it stands still otherwise. */
  advance(milliseconds: number): void;
  /** A bearer token for somebody with these roles. */
  tokenFor(userId: string, roles: readonly Role[], seller?: string): Promise<string>;
  /** A request to the API: path below /api/v1. Commands get a fresh Idempotency-Key unless `headers` name one. */
  call(method: string, path: string, options?: { token?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
}

export interface MarketOptions {
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its clock stands at first. */
  readonly from?: string;
  readonly isAsleep?: boolean;
}
