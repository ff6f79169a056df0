// The auditors' questions: any stream's events, any aggregate as it was at any time, what changed between two times, and whether the past is untouched.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import type { Recorded } from '../domain/metadata.ts';
import { positionText } from '../domain/position.ts';
import { isSealed, type Sealed } from '../domain/privacy.ts';
import type { Fields } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText } from '../infra/http/json.ts';
import { decodeCursor, page as pageFields, pageOf, pageSchema } from '../infra/http/pages.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { type EventStreams, everything } from '../infra/http/sse.ts';
import { Time } from '../infra/http/time.ts';
import type { Seals } from '../infra/vault/port.ts';
import { PastState, RecordedEvent, StateChanges, StreamVerification } from './answers/audit.ts';
import {
  type Cut,
  categoryOf,
  changesBetween,
  cutAsOf,
  cutAsOfBusiness,
  foldOf,
  type HistoryNeeds,
  type StateThen,
  stateAt,
} from './history.ts';
import { json } from './http.ts';
import { logPage } from './log-page.ts';

interface Fault {
  readonly streamId: string;
  readonly revision: number;
  readonly reason: string;
}

export interface AuditNeeds extends HistoryNeeds {
  readonly seals: Pick<Seals, 'openAll'>;
  readonly streams: EventStreams;
  /** Recomputes the chain of hashes of one stream from what is stored. */
  readonly verifyStream: (streamId: string) => Promise<{ events: number; lastHash: string; faults: readonly Fault[] }>;
}

const StreamId = z.string().regex(/^[a-z_]+-\S{1,200}$/, 'must be <category>-<id>');
const StreamParam = params(z.object({ streamId: StreamId }));
const flag = z.enum(['true', 'false']).default('false');
const moment = z.string().max(64).optional();
const EventType = z.string().regex(/^[a-z_]{1,40}(\.[a-z_]{1,40})?$/, 'must be a type such as order.created, or its first part');
const LogQuery = z.object({
  ...pageFields,
  type: EventType.optional(),
  category: z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .optional(),
  stream: StreamId.optional(),
  from: Time.optional(),
  to: Time.optional(),
  after: z.string().max(64).optional(),
  open: flag,
});
const sealed = 'Personal data is shown as it is sealed, unless `open=true`, which takes a SUPER_ADMIN.';

/** An event with all that is known of it. Instants and hash stand beside what it says, so that nothing has to be looked up. */
const shown = (logId: string, { event, streamId, revision, position, metadata }: Recorded) => {
  const { type, ...data } = event;
  return { streamId, revision, position: positionText(logId, position), type, data: data as z.output<typeof Fields>, metadata };
};

const sealedIn = (value: unknown, found: Set<Sealed> = new Set()): Set<Sealed> => {
  if (isSealed(value)) found.add(value);
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) sealedIn(inner, found);
  return found;
};

const replaced = (value: unknown, opened: ReadonlyMap<unknown, unknown>): unknown => {
  if (isSealed(value)) return opened.get(value);
  if (Array.isArray(value)) return value.map((inner) => replaced(inner, opened));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaced(inner, opened)]));
};

/** The value with its sealed parts opened, if that was asked for. Throws auth.forbidden when it was by anybody but a SUPER_ADMIN. */
const opener =
  (seals: AuditNeeds['seals']) =>
  async <T>(c: Context<Env>, open: 'true' | 'false', value: T): Promise<T> => {
    if (open === 'false') return value;
    if (!principalOf(c).roles.includes('SUPER_ADMIN')) throw new DomainError('auth.forbidden', 'Only a SUPER_ADMIN opens personal data.');
    const found = [...sealedIn(value)];
    const values = await seals.openAll(found);
    // Only what is free by its nature holds anything sealed: the data of events, and states.
    return replaced(value, new Map(found.map((one, n) => [one, values[n]]))) as T;
  };

const exportPage = 500;

const exported = (log: HistoryNeeds['log'], streamId: string): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  let revision = 0;
  return new ReadableStream({
    async pull(controller) {
      const events = await log.read(streamId, revision, exportPage);
      revision += events.length;
      if (events.length > 0) controller.enqueue(encoder.encode(events.map((one) => `${JSON.stringify(shown(log.logId, one))}\n`).join('')));
      if (events.length < exportPage) controller.close();
    },
  });
};

const about = { load: 'reports', errors: ['audit.stream_not_found', 'log.stream_damaged'] } as const;
const cutErrors = [...about.errors, 'audit.not_yet', 'audit.no_fold'];

export const auditQueries = (needs: AuditNeeds) => {
  const { log, folds, streams, verifyStream } = needs;
  const opened = opener(needs.seals);
  const at = ({ revision, last }: StateThen) =>
    last && {
      revision,
      position: positionText(log.logId, last.position),
      recordedAt: last.metadata.recordedAt,
      occurredAt: last.metadata.occurredAt,
    };

  return new Hono<Env>()
    .get(
      '/audit/log',
      allow(['AUDITOR', 'ADMIN'], {
        operation: 'listEvents',
        answer: pageSchema(RecordedEvent),
        summary: `A page over the log in its order, by type, category, stream, recorded time and position. An empty page with \`next\` goes on. ${sealed}`,
        load: 'reports',
        errors: ['log.stream_damaged'],
      }),
      query(LogQuery),
      async (c) => {
        const { limit, cursor, open, ...filter } = c.req.valid('query');
        const { items, next } = await logPage(log, filter, limit, cursor);
        return json(c, jsonText(await opened(c, open, { items: items.map((one) => shown(log.logId, one)), next })));
      },
    )
    .get(
      '/audit/events',
      allow(['AUDITOR', 'ADMIN'], {
        operation: 'followEvents',
        answer: 'text/event-stream',
        summary: 'Every event as it comes, as server-sent events with the position as id; Last-Event-ID resumes.',
        errors: ['gateway.too_many_streams', 'request.bad_position', 'request.other_log'],
        load: 'reports',
      }),
      (c) => streams.open(c, { topics: [everything], show: (recorded) => shown(log.logId, recorded) }),
    )
    .get(
      '/audit/streams/:streamId/log',
      allow(['AUDITOR', 'ADMIN'], {
        ...about,
        operation: 'listStreamEvents',
        answer: pageSchema(RecordedEvent),
        summary: `The events of one stream, page by page. ${sealed}`,
      }),
      StreamParam,
      query(z.object({ ...pageFields, open: flag })),
      async (c) => {
        const { streamId } = c.req.valid('param');
        const { limit, cursor, open } = c.req.valid('query');
        const [from = -1] = decodeCursor(cursor, 1) ?? [];
        const found = await log.read(streamId, Number(from) + 1, limit + 1);
        if (found.length === 0 && cursor === undefined) throw new DomainError('audit.stream_not_found', `There is no stream ${streamId}.`);
        const page = pageOf(found, limit, (last) => [last.revision]);
        return json(c, jsonText(await opened(c, open, { ...page, items: page.items.map((one) => shown(log.logId, one)) })));
      },
    )
    .get(
      '/audit/streams/:streamId/state',
      allow(['AUDITOR', 'ADMIN'], {
        ...about,
        operation: 'getPastState',
        answer: PastState,
        summary: `An aggregate as it was, the same for ever: as of a revision, a position or a recorded time, and as of a business time. ${sealed}`,
        errors: cutErrors,
      }),
      StreamParam,
      query(z.object({ asOf: moment, asOfBusiness: moment, open: flag })),
      async (c) => {
        const { streamId } = c.req.valid('param');
        const { asOf, asOfBusiness, open } = c.req.valid('query');
        const cut: Cut = {
          ...(asOf !== undefined && (await cutAsOf(needs, streamId, asOf))),
          ...(asOfBusiness !== undefined && (await cutAsOfBusiness(needs, asOfBusiness))),
        };
        const then = await stateAt(needs, streamId, cut);
        const { version } = foldOf(folds, streamId);
        const state = then.state as z.output<typeof Fields> | null;
        const told = { streamId, category: categoryOf(streamId), foldVersion: version, at: at(then), state };
        return json(c, jsonText(await opened(c, open, told)));
      },
    )
    .get(
      '/audit/streams/:streamId/changes',
      allow(['AUDITOR', 'ADMIN'], {
        ...about,
        operation: 'listStateChanges',
        answer: StateChanges,
        summary: `What changed in an aggregate between two times; from its beginning until now unless told. ${sealed}`,
        errors: cutErrors,
      }),
      StreamParam,
      query(z.object({ from: moment, to: moment, open: flag })),
      async (c) => {
        const { streamId } = c.req.valid('param');
        const { from, to, open } = c.req.valid('query');
        const before: Cut = from === undefined ? { revision: -1 } : await cutAsOf(needs, streamId, from, 'from');
        const after: Cut = to === undefined ? {} : await cutAsOf(needs, streamId, to, 'to');
        const [then, later] = [await stateAt(needs, streamId, before), await stateAt(needs, streamId, after)];
        const changes = changesBetween(then.state, later.state);
        return json(c, jsonText(await opened(c, open, { streamId, from: at(then), to: at(later), changes })));
      },
    )
    .get(
      '/audit/streams/:streamId/export',
      allow(['AUDITOR', 'ADMIN'], {
        ...about,
        operation: 'exportStream',
        answer: 'application/x-ndjson',
        summary: 'All events of one stream, one JSON object per line.',
      }),
      StreamParam,
      async (c) => {
        const { streamId } = c.req.valid('param');
        if ((await log.read(streamId, 0, 1)).length === 0)
          throw new DomainError('audit.stream_not_found', `There is no stream ${streamId}.`);
        return c.body(exported(log, streamId), 200, {
          'content-type': 'application/x-ndjson',
          'content-disposition': `attachment; filename="${streamId.replace(/[^\w.-]/g, '_')}.ndjson"`,
        });
      },
    )
    .get(
      '/audit/streams/:streamId/verification',
      allow(['AUDITOR', 'ADMIN'], {
        ...about,
        operation: 'verifyStream',
        answer: StreamVerification,
        errors: ['audit.stream_not_found'],
        summary: 'Whether a stream is as it was written: recomputes its chain of hashes.',
      }),
      StreamParam,
      async (c) => {
        const { streamId } = c.req.valid('param');
        const { events, lastHash, faults } = await verifyStream(streamId);
        if (events === 0 && faults.length === 0) throw new DomainError('audit.stream_not_found', `There is no stream ${streamId}.`);
        return json(c, jsonText({ streamId, isIntact: faults.length === 0, events, lastHash, faults }));
      },
    );
};
