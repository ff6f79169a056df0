// Books parcels with the courier. Of the buyer's address only the city leaves the house.
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import { order } from '../../domain/order/order.ts';
import type { Sealed } from '../../domain/privacy.ts';
import { seller } from '../../domain/seller/seller.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import type { BookingRequest, Courier } from '../../infra/outbound/courier.port.ts';
import { ProviderRefused } from '../../infra/outbound/errors.port.ts';
import type { Seals } from '../../infra/vault/port.ts';
import { type Handle, subcommand } from '../handle.ts';
import type { CourierCommand } from './outbound.ts';
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

const requestOf = async ({ handle, seals }: CourierNeeds, command: CourierCommand): Promise<BookingRequest> => {
  const { shipmentId, orderId, sellerId, courier, service, weightGrams, address, cod } = command;
  const originCity = await cityOf(handle, sellerId);
  const destinationCity = await cityIn(seals, address);
  const { state } = await handle.load(order, orderId);
  const collect = cod && state.status !== 'none' ? { collect: state.total } : {};
  // Couriers weigh everything: an article without a weight counts as the least there is.
  return { shipmentId, orderId, courier, service, originCity, destinationCity, weightGrams: Math.max(1, weightGrams), ...collect };
};

export const toCourier =
  (needs: CourierNeeds): Outbound =>
  async (send, context) => {
    const { handle, courier } = needs;
    const { cod: _cod, ...booking } = send.command as CourierCommand;
    const { at } = context;
    const request = await requestOf(needs, send.command as CourierCommand);
    const parcel = await courier.book(request).catch((error: unknown) => {
      if (!(error instanceof ProviderRefused)) throw error;
      throw new DomainError('shipping.provider_failed', error.message, { provider: error.provider, reason: error.code });
    });
    const { trackingNumber } = parcel;
    const booked = await handle(shipment, send.id, { ...booking, type: 'book', trackingNumber, at }, context);
    // A notice that came before this booking stood in the log found no shipment: ask what it said.
    const now = await courier.parcel(trackingNumber);
    if (now && now.status !== 'booked')
      await handle(shipment, send.id, { type: 'track', status: now.status, at }, subcommand(context, 'track'));
    return booked;
  };
