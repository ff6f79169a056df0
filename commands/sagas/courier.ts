// Books parcels with the courier. Of the buyer's address only the city leaves the house.
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { isCollectedInFull, order } from '../../domain/order/order.ts';
import type { Sealed } from '../../domain/privacy.ts';
import { seller } from '../../domain/seller/seller.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import type { BookingRequest, Courier, Parcel } from '../../infra/outbound/courier.port.ts';
import { ProviderRefused } from '../../infra/outbound/errors.port.ts';
import type { Seals } from '../../infra/vault/port.ts';
import { type Context, type Handle, subcommand } from '../handle.ts';
import type { AskCourier, BookCourier, CourierCommand } from './outbound.ts';
import type { Outbound } from './run.ts';

export interface CourierNeeds {
  readonly handle: Handle;
  readonly courier: Courier;
  readonly seals: Pick<Seals, 'open'>;
}

const Address = z.object({ city: z.string().min(1).max(100) });

const cityIn = async (seals: CourierNeeds['seals'], address: Sealed): Promise<string> => {
  const opened = Address.safeParse(await seals.open(address));
  if (!opened.success) throw new DomainError('user.erased', 'The address cannot be read any more.');
  return opened.data.city;
};

const cityOf = async (handle: Handle, sellerId: string): Promise<string> => {
  const { state } = await handle.load(seller, sellerId);
  if (!('city' in state)) throw new DomainError('seller.not_active', 'Nobody knows where this shop sends from.', { sellerId });
  return state.city;
};

const requestOf = async ({ handle, seals }: CourierNeeds, command: BookCourier): Promise<BookingRequest> => {
  const { shipmentId, orderId, sellerId, courier, service, weightGrams, address, cod } = command;
  const originCity = await cityOf(handle, sellerId);
  const destinationCity = await cityIn(seals, address);
  const { state } = await handle.load(order, orderId);
  const collect = cod && state.status !== 'none' ? { collect: state.total } : {};
  // Couriers weigh everything: an article without a weight counts as the least there is.
  return { shipmentId, orderId, courier, service, originCity, destinationCity, weightGrams: Math.max(1, weightGrams), ...collect };
};

/** Takes up what the courier says of a parcel when it is asked. */
const takeUp = async ({ handle }: CourierNeeds, shipmentId: string, parcel: Parcel, context: Context) => {
  const { status } = parcel;
  if (status === 'booked') return null;
  const { at } = context;
  if (status !== 'delivered') return handle(shipment, shipmentId, { type: 'track', status, at }, context);
  const { state: sold } = await handle.load(order, parcel.orderId);
  const collected = parcel.collect ?? null;
  if (!isCollectedInFull(sold, collected))
    throw new DomainError('shipping.not_collected', 'The courier has not collected what the order costs.', { shipmentId });
  return handle(shipment, shipmentId, { type: 'track', status, ...(collected && { collected }), at }, context);
};

const book = async (needs: CourierNeeds, { cod, ...booking }: BookCourier, context: Context) => {
  const { handle, courier } = needs;
  const request = await requestOf(needs, { ...booking, cod });
  const parcel = await courier.book(request).catch((error: unknown) => {
    if (!(error instanceof ProviderRefused)) throw error;
    throw new DomainError('shipping.provider_failed', error.message, { provider: error.provider, reason: error.code });
  });
  const { trackingNumber } = parcel;
  const booked = await handle(shipment, booking.shipmentId, { ...booking, type: 'book', trackingNumber, at: context.at }, context);
  // A notice that came before this booking stood in the log found no shipment: ask what it said.
  const now = await courier.parcel(trackingNumber);
  if (now) await takeUp(needs, booking.shipmentId, now, subcommand(context, 'track'));
  return booked;
};

/** Whether the cash of a COD order was collected after all. Throws shipping.not_collected where the courier does not say so. */
const ask = async (needs: CourierNeeds, { shipmentId }: AskCourier, context: Context) => {
  const { state } = await needs.handle.load(shipment, shipmentId);
  const parcel = state.status === 'none' ? null : await needs.courier.parcel(state.trackingNumber);
  if (parcel?.status !== 'delivered')
    throw new DomainError('shipping.not_collected', 'The courier has not delivered this parcel.', { shipmentId });
  return (await takeUp(needs, shipmentId, parcel, context)) ?? { events: [] };
};

export const toCourier =
  (needs: CourierNeeds): Outbound =>
  (send, context) => {
    const command = send.command as CourierCommand;
    return command.type === 'book' ? book(needs, command, context) : ask(needs, command, context);
  };
