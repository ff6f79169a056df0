// What operators and their machines ask: is it alive, is it ready, how is it doing.
import { Hono } from 'hono';
import { z } from 'zod';
import { Moment } from '../http/answers.ts';
import type { Env } from '../http/env.ts';
import { allow } from '../http/policy.ts';
import type { Metrics } from './metrics.ts';
import type { StalledReader } from './readers.ts';

/** Throws or rejects, or answers false, when what it checks is not there. */
export type Check = () => boolean | undefined | Promise<boolean | undefined>;

const Readiness = z
  .object({
    ready: z.boolean(),
    checks: z.record(z.string(), z.enum(['ok', 'failed'])),
    /** Readers of the log that stand still. Why they do is for the inside: the metrics and the log say so. */
    stalled: z.array(z.object({ reader: z.string(), since: Moment, position: z.number() })),
  })
  .meta({ id: 'Readiness' });

/** A check that hangs has failed: probes have a patience of a few seconds. */
const patience = 2_000;

const passes = async (check: Check): Promise<boolean> => {
  const impatience = Promise.withResolvers<false>();
  const timer = setTimeout(() => impatience.resolve(false), patience);
  try {
    return (await Promise.race([check(), impatience.promise])) !== false;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * `/livez` only says that the loop turns; `/readyz` runs `checks` by name, and says no while `isStopping`; `/metrics` is for the inside.
 * `checks` is read at each request, so that a part that starts later may add its own.
 */
export const telemetryRoutes = (
  metrics: Metrics,
  checks: ReadonlyMap<string, Check>,
  isStopping: () => boolean,
  stalledReaders: () => readonly StalledReader[] = () => [],
) =>
  new Hono<Env>()
    .get('/livez', allow('public', { summary: 'Whether the process turns.', answer: 'text/plain', load: 'probe' }), (c) => c.text('ok'))
    .get(
      '/readyz',
      allow('public', {
        summary: 'Whether requests should be sent here.',
        answer: Readiness,
        status: [200, 503],
        errors: ['server.not_ready'],
        load: 'probe',
      }),
      async (c) => {
        const stalled = stalledReaders().map(({ reader, since, position }) => ({ reader, since, position }));
        const results = await Promise.all(
          [...checks].map(async ([name, check]) => [name, (await passes(check)) ? 'ok' : 'failed'] as const),
        );
        const ready = !isStopping() && results.every(([, result]) => result === 'ok');
        return c.json({ ready, checks: Object.fromEntries(results), stalled }, ready ? 200 : 503);
      },
    )
    .get(
      '/metrics',
      allow('public', { summary: 'Metrics for Prometheus.', answer: 'text/plain', internal: true, load: 'probe' }),
      async (c) => c.body(await metrics.text(), 200, { 'content-type': metrics.registry.contentType }),
    );
