// Talks to Elasticsearch: names of indexes, time limits, and what its errors mean here. Rests on @elastic/elasticsearch 9.
import { setTimeout as rest } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import { DomainError } from '../../domain/error.ts';
import { nodesIn } from '../addresses.ts';

export interface ElasticsearchOptions {
  /** With user and password, where there are any; several nodes with commas. */
  readonly url: string;
  /** Prefix of all indexes of one deployment. */
  readonly namespace: string;
  /** How long one request may take, in milliseconds. */
  readonly timeout?: number;
}

/** The names of one deployment. What is searched is an alias, so that another build can take its place in one step. */
export const namesOf = (namespace: string) => {
  if (!/^[a-z0-9][a-z0-9_-]{0,99}$/.test(namespace)) throw new RangeError(`not a prefix of index names: ${namespace}`);
  const live = `${namespace}-products`;
  return {
    live,
    index: (build: number) => `${live}-${build}`,
    /** The only name that is written to: a name that is not there is an error, where that of an index would make one. */
    writing: (build: number) => `${live}-${build}-writing`,
    buildOf: (index: string) => Number(index.slice(live.length + 1)),
  };
};

/** A node that cannot be reached is left alone for a while; each of the others is asked once. */
export const openClient = ({ url, timeout }: ElasticsearchOptions, usual: number) => {
  const nodes = [...nodesIn(url)];
  return new Client({ nodes, requestTimeout: timeout ?? usual, maxRetries: nodes.length - 1 });
};

const unreachable = [errors.ConnectionError, errors.TimeoutError, errors.NoLivingConnectionsError, errors.RequestAbortedError];
/** It has too much to do, has no copy of the data at hand, or does not know us: whatever it is, not the fault of who asked. */
const refusing = [401, 403, 429, 502, 503, 504];

export const unavailable = (cause: unknown) => {
  const error = new DomainError('search.unavailable', 'Search cannot be reached at the moment.', { retryAfter: 1 });
  error.cause = cause;
  return error;
};

export const statusOf = (error: unknown): number | null => (error instanceof errors.ResponseError ? (error.statusCode ?? null) : null);

/** What went wrong, in the engine's word: index_not_found_exception. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof errors.ResponseError)) return '';
  const body: { readonly error?: { readonly type?: string } } | string | null | undefined = error.body;
  return typeof body === 'object' ? (body?.error?.type ?? '') : '';
};

/**
 * Runs a request; throws search.unavailable when that is what its failure means. A connection that broke is tried once more: the server may
 * have been started anew since it was last used. No request here does harm when it comes twice.
 */
export const reached = async <T>(request: () => Promise<T>): Promise<T> => {
  try {
    return await request().catch((error: unknown) => {
      if (error instanceof errors.ConnectionError && !(error instanceof errors.TimeoutError)) return request();
      throw error;
    });
  } catch (error) {
    const isAway = unreachable.some((kind) => error instanceof kind) || refusing.includes(statusOf(error) ?? 0);
    throw isAway ? unavailable(error) : error;
  }
};

const pauses = [100, 400, 1_600];

/** The same again, after longer and longer pauses, as long as `isBusy` says so of the failure. */
export const patiently = async <T>(request: () => Promise<T>, isBusy: (error: unknown) => boolean): Promise<T> => {
  for (const pause of pauses) {
    try {
      return await request();
    } catch (error) {
      if (!isBusy(error)) throw error;
      await rest(pause);
    }
  }
  return request();
};
