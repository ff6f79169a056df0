// Carries what an import did through the sagas: the same reactions and commands as in the runner, at the source's times and all at once.
import type { Recorded } from '../../domain/metadata.ts';
import type { PaymentCommand } from '../../domain/payment/commands.ts';
import type { Context, Handle } from '../handle.ts';
import { derivedUuid } from '../ids.ts';
import { checkout } from './checkout.ts';
import { fulfilment } from './fulfilment.ts';
import type { GatewayCommand } from './outbound.ts';
import { refund } from './refund.ts';
import { targets } from './registry.ts';
import type { AnySaga } from './run.ts';
import type { Outcomes, Send, Settled } from './saga.ts';
import { sellerRole } from './seller-role.ts';

/** Collecting a payment is left out: the source has collected it. */
const sagas: readonly AnySaga[] = [checkout, fulfilment, refund, sellerRole];
const byCategory = new Map(sagas.map((saga) => [saga.process.category, saga]));
const byType = new Map<string, AnySaga[]>();
for (const saga of sagas) for (const type of saga.reads) byType.set(type, [...(byType.get(type) ?? []), saga]);

/** Events with which an instance of a saga begins: its stream is new. */
const beginnings: ReadonlySet<string> = new Set(['order.confirmed', 'payment.refund_requested', 'seller.approved']);

/** Nothing was paid at a door, so that no order waits for the booking of its capture: its checkout alone does. */
const heeds = (saga: AnySaga, { event }: Recorded) =>
  saga !== fulfilment || event.type !== 'ledger.booked' || !('kind' in event) || event.kind !== 'capture';

/** What is to be added to a command before it is sent: what only the source knows. */
export type Amend = (send: Send) => Send;
/** Answers when everything that follows from these events has happened. Throws what a rule refuses: nothing here may be refused. */
export type Carry = (events: readonly Recorded[], amend?: Amend) => Promise<void>;

/** What the systems outside have answered long ago: as a command to the aggregate, or null where nothing follows from it. */
const answered = (send: Send): Send | null => {
  if (send.target !== 'gateway') return send.target === 'courier' ? null : send;
  const asked = send.command as GatewayCommand;
  if (asked.type !== 'refund') return null;
  const command: PaymentCommand = { type: 'refund_result', refundId: asked.refundId, result: 'refunded', at: asked.at };
  return { target: 'payment', id: asked.paymentId, command };
};

const none: readonly AnySaga[] = [];
const unchanged: Amend = (send) => send;

/** `fresh`: nothing of this was imported before, so that streams that are created need not be looked for. */
export const createCarrier = (handle: Handle, fresh: boolean): Carry => {
  const contextOf = (saga: AnySaga, commandId: string, { metadata }: Recorded): Context => ({
    commandId,
    correlationId: metadata.correlationId,
    causationId: metadata.eventId,
    actor: { kind: 'system', id: saga.process.category },
    at: metadata.occurredAt,
    origin: 'import',
  });

  const react = async (saga: AnySaga, trigger: Recorded, amend: Amend): Promise<void> => {
    const instance = saga.correlate(trigger);
    if (instance === null || !heeds(saga, trigger)) return;
    const begins = fresh && saga !== checkout && beginnings.has(trigger.event.type) && ({ fresh: true } as const);
    const decider = { ...saga.process, decide: (_: unknown, state: unknown) => saga.react(state, trigger) };
    const { events } = await handle(decider, instance, null, { ...contextOf(saga, trigger.metadata.eventId, trigger), ...begins });
    await carry(events, amend);
  };

  const settle = async (saga: AnySaga, instance: string, intent: Recorded, outcomes: Outcomes, amend: Amend): Promise<void> => {
    const decide = (_: unknown, state: unknown) =>
      saga.process.isOpen(intent.event, state) ? saga.settled(intent.event, state, outcomes) : [];
    const context = contextOf(saga, derivedUuid(intent.metadata.eventId, 'outcome'), intent);
    const { events } = await handle({ ...saga.process, decide }, instance, null, context);
    await carry(events, amend);
  };

  /** Sends one command, carries what it did, and answers how it ended. */
  const outcome = async (saga: AnySaga, intent: Recorded, asked: Send, amend: Amend): Promise<Settled> => {
    const { eventId, occurredAt } = intent.metadata;
    const { part } = asked;
    const ended = (code: 'done' | 'already_so'): Settled => ({ ...(part !== undefined && { part }), code, details: {}, at: occurredAt });
    const command = answered(amend(asked));
    if (!command) return ended('already_so');
    const decider = targets.get(command.target);
    if (!decider) throw new Error(`${saga.process.category}: nothing decides commands to ${command.target}`);
    const creates = fresh && command.command.type === 'create' && ({ fresh: true } as const);
    const context = { ...contextOf(saga, part === undefined ? eventId : derivedUuid(eventId, part), intent), ...creates };
    const { events } = await handle(decider, command.id, command.command, context);
    await carry(events, amend);
    return ended(events.length > 0 ? 'done' : 'already_so');
  };

  const send = async (saga: AnySaga, instance: string, intent: Recorded, amend: Amend): Promise<void> => {
    const { state } = await handle.load(saga.process, instance);
    const ended = await Promise.all(saga.sends(intent.event, state).map((each) => outcome(saga, intent, each, amend)));
    const [first, ...more] = saga.hearsAll ? ended : ended.filter(({ code }) => code !== 'done');
    if (first) await settle(saga, instance, intent, [first, ...more], amend);
  };

  /**
   * All at once: what concerns one instance queues on its stream, in the order of the events.
   * NOTE: also for events of an earlier run, whose consequences may have been cut off: all of it finds itself.
   */
  const carry: Carry = async (events, amend = unchanged) => {
    const work: Promise<void>[] = [];
    for (const recorded of events) {
      for (const saga of byType.get(recorded.event.type) ?? none) work.push(react(saga, recorded, amend));
      const at = recorded.streamId.indexOf('-');
      const own = byCategory.get(recorded.streamId.slice(0, at));
      if (own?.process.isIntent(recorded.event)) work.push(send(own, recorded.streamId.slice(at + 1), recorded, amend));
    }
    if (work.length > 0) await Promise.all(work);
  };
  return carry;
};
