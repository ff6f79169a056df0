// A part that outlives its log's being set back: what rests on the log is closed and opened anew, and the process goes on.
import { setTimeout as pause } from 'node:timers/promises';
import { problem, problemResponse } from './infra/http/problem.ts';
import type { Logger } from './infra/telemetry/log.ts';
import type { RoleProcess } from './part.ts';

/** What a process answers until it is open: it lives, and is not ready. A standby may be so for ever. */
export const waiting: RoleProcess['app'] = {
  fetch: (request: Request) =>
    new URL(request.url).pathname === '/livez'
      ? new Response('ok')
      : problemResponse(problem('server.not_ready', 'This process is still starting, or stands by.', { retryAfter: 1 })),
};

const longestPause = 30_000;

export interface Lasting extends RoleProcess {
  /** Answers when it is open anew, where it is about to be. */
  settled(): Promise<void>;
}

/** `open` is called at once, and again whenever what it has opened says that the log was set back. */
export const openLasting = async (open: (onSetBack: (error: Error) => void) => Promise<RoleProcess>, log: Logger): Promise<Lasting> => {
  let part: RoleProcess | null = null;
  let isClosed = false;
  let turn = Promise.resolve();

  const begin = async () => {
    let isTold = false;
    part = await open((error) => {
      if (isTold || isClosed) return;
      isTold = true;
      log.error({ err: error }, 'the log was set back; all that rests on it is opened anew');
      turn = turn.then(again);
    });
  };
  const again = async () => {
    const old = part;
    part = null;
    await old
      ?.close()
      .catch((error: unknown) => log.warn({ err: error }, 'what rested on the log before could not be closed in good order'));
    for (let rest = 1_000; !isClosed; rest = Math.min(rest * 2, longestPause)) {
      try {
        await begin();
        log.info('open again');
        return;
      } catch (error) {
        log.error({ err: error }, 'cannot be opened anew yet; tried again');
        await pause(rest);
      }
    }
  };
  const opening = begin();
  turn = opening.catch(() => {});
  await opening;
  return {
    app: { fetch: (...request) => (part?.app ?? waiting).fetch(...request) },
    settled: () => turn,
    close: async () => {
      isClosed = true;
      await turn;
      await part?.close();
    },
  };
};
