// What operators decide about sagas that need a human, over HTTP. The log keeps who decided.
import { Hono } from 'hono';
import { z } from 'zod';
import { type Resolving, resolveSaga } from '../commands/sagas/resolve.ts';
import { DomainError } from '../domain/error.ts';
import type { Decision } from '../domain/process.ts';
import { params } from '../infra/http/input.ts';
import { allow } from '../infra/http/policy.ts';
import { answer, context, type WriteEnv, written } from './http.ts';

const Saga = params(z.object({ saga: z.string().regex(/^[a-z_]{1,40}$/), instance: z.string().regex(/^\S{1,200}$/) }));

const DecidedSaga = written('DecidedSaga', { saga: z.string(), instance: z.string(), decision: z.enum(['retry', 'close']) });

export const sagaCommands = (resolving: Resolving) => {
  const settle = (decision: Decision, summary: string, errors: readonly string[]) =>
    [
      `/admin/sagas/:saga/:instance/${decision}`,
      allow('ADMIN', {
        operation: `${decision}Saga`,
        answer: DecidedSaga,
        summary,
        errors: ['saga.not_found', 'saga.needs_nobody', 'request.precondition_failed', ...errors],
      }),
    ] as const;

  const decide = async (saga: string, instance: string, decision: Decision, own: ReturnType<typeof context>) => {
    const result = await resolveSaga(resolving, saga, instance, decision, own);
    if (result.events.length === 0) throw new DomainError('saga.needs_nobody', `The ${saga} ${instance} does not wait for a decision.`);
    return result;
  };

  return new Hono<WriteEnv>()
    .post(...settle('retry', 'Ask again for what was refused to a saga.', ['saga.cannot_retry']), Saga, async (c) => {
      const { saga, instance } = c.req.valid('param');
      const result = await decide(saga, instance, 'retry', context(c));
      return answer(c, 200, result, () => ({ saga, instance, decision: 'retry' as const }));
    })
    .post(...settle('close', 'Take a saga as settled by hand: what was refused to it is not asked for again.', []), Saga, async (c) => {
      const { saga, instance } = c.req.valid('param');
      const result = await decide(saga, instance, 'close', context(c));
      return answer(c, 200, result, () => ({ saga, instance, decision: 'close' as const }));
    });
};
