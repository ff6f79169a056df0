// The switchboard of a simulated provider: which calls to refuse, which replies to lose.
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { Faults } from '../simulation.ts';

export type ProviderEnv = { Bindings: HttpBindings };

type Countdown = 'loseReplies' | 'unavailable' | 'refundsPending' | 'refundsFail';

export const switchboard = () => {
  let faults: Faults = {};
  return {
    current: () => faults,
    set: (next: Faults) => {
      faults = Faults.parse(next);
    },
    /** Uses up one of a fault that counts down: true if it strikes now. */
    strikes: (name: Countdown): boolean => {
      const left = faults[name] ?? 0;
      if (left > 0) faults = { ...faults, [name]: left - 1 };
      return left > 0;
    },
  };
};
export type Switchboard = ReturnType<typeof switchboard>;

/** Breaks the connection instead of answering: the caller cannot know whether its call was carried out. */
const hangUp = (c: Context<ProviderEnv>): Response => {
  c.env.incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
};

/** Around every call that acts. */
export const faulty =
  (board: Switchboard): MiddlewareHandler<ProviderEnv> =>
  async (c, next) => {
    if (board.strikes('unavailable')) return c.json({ code: 'unavailable', message: 'Try again later.' }, 503);
    await next();
    if (c.res.status < 400 && board.strikes('loseReplies')) {
      c.res = undefined;
      c.res = hangUp(c);
    }
    return undefined;
  };
