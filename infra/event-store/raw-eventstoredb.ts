// The log in EventStoreDB as it stands there.
import { mostUnderWay } from './eventstoredb-batches.ts';
import { mayPass } from './eventstoredb-connection.ts';
import { maxAppendBytes, maxAppendEvents, weightOf } from './eventstoredb-form.ts';
import { openEventStoreDbLog, type Patience, proposedOf } from './eventstoredb-log.ts';
import { createLogHealth } from './health.ts';
import type { Raw, RawTarget } from './raw.ts';

/** Nobody waits for an answer here: a page may take its time. What is away is waited for by whoever reads. */
const unhurried: Patience = { total: 2_000, once: 15_000 };

/** Runs of events that follow each other in one stream, each as large as an append may be. */
function* runsOf(events: readonly Raw[]): Generator<readonly Raw[]> {
  let run: Raw[] = [];
  let bytes = 0;
  for (const event of events) {
    const weight = weightOf(event);
    if (run.length > 0 && (run[0]?.streamId !== event.streamId || run.length >= maxAppendEvents || bytes + weight > maxAppendBytes)) {
      yield run;
      [run, bytes] = [[], 0];
    }
    run.push(event);
    bytes += weight;
  }
  if (run.length > 0) yield run;
}

/** `url`: esdb:// or esdb+discover://, with user and password in it. `owns`: whether a stream is one of this log's. */
export const openRawEventStoreDb = (url: string, owns: (streamId: string) => boolean): RawTarget => {
  const health = createLogHealth({ owns });
  const log = openEventStoreDbLog(url, { patience: unhurried, health, checksLimits: true });
  return {
    health,
    name: url.replace(/\/\/[^@/]*@/, '//'),
    readAll: log.readAll,
    readStream: log.read,
    head: log.head,
    async append(events) {
      const appends = [...runsOf(events)].map((run) => {
        const { streamId, revision } = run[0] as Raw;
        return { streamId, expected: revision - 1, events: run.map(proposedOf), run };
      });
      for (let done = 0; done < appends.length; ) {
        const before = done;
        const onDone = (count: number) => {
          done = before + count;
        };
        try {
          await log.connection.appendInOrder(appends.slice(done), { within: unhurried.once, onDone });
        } catch (error) {
          if (!mayPass(error)) throw error;
          // NOTE: nobody knows how much was done of what was under way. The same again, one after the other, is done once.
          for (const { streamId, expected, run } of appends.slice(done, done + mostUnderWay)) {
            const answer = await log.append(streamId, expected, run);
            if (!answer.ok) throw new Error(`${streamId} ends at revision ${answer.actual}, not ${expected}`);
            done += 1;
          }
        }
      }
    },
    close: log.close,
  };
};
