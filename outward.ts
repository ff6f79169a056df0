// What goes on by itself while the marketplace runs: the sagas, and what they and the log bring to the systems outside and back.
import type { Handle } from './commands/handle.ts';
import { followMails } from './commands/outbound/mails.ts';
import { followInbox } from './commands/outbound/webhooks.ts';
import { toCourier } from './commands/sagas/courier.ts';
import { toGateway } from './commands/sagas/gateway.ts';
import { sagas, targets } from './commands/sagas/registry.ts';
import { type Outbound, SagaRunner } from './commands/sagas/run.ts';
import { toVault } from './commands/sagas/vault.ts';
import { keepUp, type UpkeepNeeds } from './commands/upkeep.ts';
import { hours } from './domain/id.ts';
import type { Recorded } from './domain/metadata.ts';
import type { EventFeed } from './infra/event-feed/port.ts';
import type { EventStore } from './infra/event-store/port.ts';
import type { Outside } from './infra/outbound/outside.port.ts';
import { mayComeBack } from './infra/patience.ts';
import type { Query, TableReader } from './infra/tables/port.ts';
import type { Logger } from './infra/telemetry/log.ts';
import type { Metrics } from './infra/telemetry/metrics.ts';
import type { Readers } from './infra/telemetry/readers.ts';
import type { PurchaseLinks } from './infra/tokens/port.ts';
import type { Seals } from './infra/vault/port.ts';
import type { SagaRow } from './projections/sagas/instances.ts';

export interface OutwardNeeds extends UpkeepNeeds {
  readonly handle: Handle;
  readonly store: EventStore;
  readonly feed: EventFeed;
  readonly tables: TableReader;
  readonly outside: Outside;
  readonly seals: Seals;
  readonly purchaseLinks: PurchaseLinks;
  readonly blindIndex: (kind: string, value: string) => string;
  readonly watched: Readers['watched'];
  readonly log: Logger;
  /** Hears of what fails and is tried again: told once, not at every try. */
  readonly lagging: (error: Error) => void;
  readonly metrics: Pick<Metrics, 'moneyAnomalies'>;
  /** The clock, in milliseconds. */
  readonly now: () => number;
  /** Nothing is sent and nothing wakes. */
  readonly isAsleep: boolean;
}

/** Where the sagas stand, as their runner asks. */
const sagaTable = (tables: TableReader) => {
  const rows = async (where: NonNullable<Query['where']>, limit: number) =>
    (await tables.find('saga-instances', { where, order: [['wakeAt', 'asc']], limit })).map((found) => JSON.parse(found.row) as SagaRow);
  return {
    openInstances: () => rows({ open: 1 }, 100_000),
    dueInstances: (instant: string, limit: number) => rows({ wakeAt: { below: `${instant}~` } }, limit),
  };
};

export const sagaNames = sagas.map(({ process }) => process.category);

export const startOutward = async (needs: OutwardNeeds) => {
  const { handle, store, feed, watched, tables, outside, seals, blindIndex, log, lagging, metrics, now, isAsleep } = needs;
  const { gateway, courier, mail, account } = outside;
  const onAnomaly = (reason: string) => metrics.moneyAnomalies.inc({ reason });
  const outbound: Readonly<Record<string, Outbound>> = {
    gateway: toGateway({ handle, gateway, account, onAnomaly }),
    courier: toCourier({ handle, courier, seals }),
    vault: toVault({ handle, store, seals, mail, blindIndex }),
  };
  const sagaRunner = new SagaRunner({
    handle,
    feed: watched('sagas', feed),
    checkpoints: store.checkpoints,
    sagas,
    deciders: targets,
    outbound,
    ...sagaTable(tables),
    now,
    onError: (error, saga, instance) =>
      mayComeBack(error) ? lagging(error) : log.error({ err: error, saga, instance }, 'a saga could not go on'),
  });
  if (!isAsleep) await sagaRunner.start();
  const following = {
    handle,
    checkpoints: store.checkpoints,
    onLeft: (error: Error, { streamId }: Recorded) => log.warn({ err: error, streamId }, 'an event was left aside'),
    onError: lagging,
  };
  const inbox = isAsleep ? null : await followInbox({ ...following, feed: watched('webhooks', feed), account, onAnomaly });
  const upkeep = isAsleep
    ? undefined
    : setInterval(() => keepUp(needs).catch((error: Error) => log.error({ err: error }, 'the upkeep failed')), hours(1));
  upkeep?.unref();
  const mails = isAsleep
    ? null
    : await followMails({ ...following, feed: watched('mails', feed), mail, seals, purchaseLinks: needs.purchaseLinks });
  return {
    sagaRunner,
    /** Answers when every mail that the log asks for up to this position has gone out. */
    mailed: async (position: number) => mails?.passed(position),
    async stop() {
      clearInterval(upkeep);
      await sagaRunner.stop();
      await inbox?.stop();
      await mails?.stop();
    },
  };
};
