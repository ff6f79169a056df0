// Events as they were read, decoded; and what becomes of those that cannot be: no reader stops at them.
import type { Recorded } from '../../domain/metadata.ts';
import { type Codec, UnknownVersion } from './codec.ts';
import { type LogHealth, streamDamaged } from './health.ts';
import type { Raw } from './raw.ts';

const reasonOf = (error: unknown) => `cannot be read: ${error instanceof Error ? error.message : String(error)}`;

/** Decodes one event, or notes why it cannot be. What a newer release has written throws UnknownVersion: whoever cannot read that must stop. */
const tryDecode = (codec: Codec, raw: Raw, health: Pick<LogHealth, 'pass'>): Recorded | null => {
  try {
    return codec.decode(raw.streamId, raw.revision, raw.position, raw, raw.hash);
  } catch (error) {
    if (error instanceof UnknownVersion) throw error;
    health.pass({ streamId: raw.streamId, revision: raw.revision, reason: reasonOf(error) });
    return null;
  }
};

/** Events of the whole log. One that cannot be decoded is noted and passed over. */
export const decodeReadable = (codec: Codec, raws: readonly Raw[], health: Pick<LogHealth, 'pass'>): Recorded[] => {
  const found: Recorded[] = [];
  for (const raw of raws) {
    const recorded = tryDecode(codec, raw, health);
    if (recorded) found.push(recorded);
  }
  return found;
};

/** Events of one stream. Throws log.stream_damaged where one cannot be decoded: nothing is decided on what is left. */
export const decodeWhole = (codec: Codec, raws: readonly Raw[], health: Pick<LogHealth, 'pass'>): Recorded[] =>
  raws.map((raw) => {
    const recorded = tryDecode(codec, raw, health);
    if (!recorded) throw streamDamaged(raw.streamId, `revision ${raw.revision} cannot be read`);
    return recorded;
  });
