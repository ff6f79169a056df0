// The errors of the server as a client sees them: a gRPC status and trailers that name the exception.
import { setTimeout as after } from 'node:timers/promises';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

const failure = (code: status, details: string, trailers: Record<string, string> = {}): ServiceError => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
};

export const failures = {
  accessDenied: () => failure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' }),
  invalidArgument: (what: string) => failure(status.INVALID_ARGUMENT, what),
  unknown: (what: string) => failure(status.UNKNOWN, what),
  unavailable: (what: string) => failure(status.UNAVAILABLE, what),
  notReady: () => failure(status.UNAVAILABLE, 'Server Is Not Ready'),
  timedOut: () => failure(status.ABORTED, 'Operation timed out: Commit phase timeout.'),
  notLeader: (host: string, port: number) =>
    failure(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': host,
      'leader-endpoint-port': String(port),
    }),
  streamDeleted: (stream: string) =>
    failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream }),
  wrongExpectedVersion: (operation: string, stream: string, expected: number, actual: number) =>
    failure(
      status.FAILED_PRECONDITION,
      `${operation} failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
      {
        exception: 'wrong-expected-version',
        'stream-name': stream,
        'expected-version': String(expected),
        'actual-version': String(actual),
      },
    ),
  maximumAppendSize: (limit: number) =>
    failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(limit),
    }),
  missingMetadata: (name: string) =>
    failure(status.INVALID_ARGUMENT, `Required Metadata Property '${name}' is missing`, {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    }),
};

/** What becomes of an append that the server has dropped, after the time that it gives itself. */
export const commitTimeout = async (): Promise<ServiceError> => {
  await after(2_000, undefined, { ref: false });
  return failures.timedOut();
};
