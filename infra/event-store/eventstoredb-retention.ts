// How EventStoreDB says that a stream was deleted or may be cut: metadata that an administrator has set, or the event that ends a stream.
import type { Read } from './eventstoredb-connection.ts';
import type { Retention } from './health.ts';

const metadataPrefix = '$$';

const whole = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

/** The server writes 2^63 - 1 for a stream that was deleted and may be written again. */
const truncation = (value: unknown): number | undefined => {
  const revision = whole(value);
  return revision !== undefined && revision > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : revision;
};

const parsed = (data: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // whatever it is, the server takes no limit from it either
  }
};

/** The limit that this event sets on a stream (null: it lifts all), or null for an event that is about none. */
export const retentionIn = ({ streamId, type, data }: Read): { readonly streamId: string; readonly retention: Retention | null } | null => {
  if (type === '$streamDeleted') return { streamId, retention: { truncateBefore: Number.POSITIVE_INFINITY } };
  if (type !== '$metadata' || !streamId.startsWith(metadataPrefix)) return null;
  const { $tb, $maxCount, $maxAge } = parsed(data);
  const [truncateBefore, maxCount, maxAge] = [truncation($tb), whole($maxCount), whole($maxAge)];
  const retention = {
    ...(truncateBefore !== undefined && { truncateBefore }),
    ...(maxCount !== undefined && { maxCount }),
    ...(maxAge !== undefined && { maxAge }),
  };
  return { streamId: streamId.slice(metadataPrefix.length), retention: Object.keys(retention).length > 0 ? retention : null };
};
