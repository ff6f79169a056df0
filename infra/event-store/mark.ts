// A mark names one event of a log, for whoever remembers how far it has read: one that stands in the log no more says that the log was set
// back, or is another under the same name.
import { DomainError } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { EventStore } from './port.ts';

/** The text of a mark. */
export const markOf = ({ streamId, revision, metadata }: Pick<Recorded, 'streamId' | 'revision' | 'metadata'>): string =>
  `${metadata.hash} ${revision} ${streamId}`;

const parsed = (mark: string) => {
  const [, hash = '', revision = '', streamId = ''] = /^(\S+) (\d+) (.+)$/.exec(mark) ?? [];
  return { hash, revision: Number(revision), streamId };
};

/**
 * Whether the event of a mark stands in the log. No mark, as older releases left none, says nothing against it; nor does a stream that
 * somebody has damaged, which is another matter. Throws where the log cannot be reached.
 */
export const holds = async (log: Pick<EventStore, 'read'>, mark: string): Promise<boolean> => {
  const { hash, revision, streamId } = parsed(mark);
  if (hash === '') return true;
  try {
    const [found] = await log.read(streamId, revision, 1);
    return found?.metadata.hash === hash;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'log.stream_damaged') return true;
    throw error;
  }
};

/** The log holds no longer what this process has read of it. */
export const logSetBack = (mark: string) => {
  const { revision, streamId } = parsed(mark);
  return new DomainError(
    'log.set_back',
    `The log was set back, or is another: ${streamId}@${revision}, which stood in it, does not. All that was made of it is made anew.`,
  );
};
