// Moving parcels where the courier is simulated: everywhere else its own webhooks say where they are.
import { DomainError } from '../domain/error.ts';
import { shipment } from '../domain/shipment/shipment.ts';
import type { CourierSimulation, SimulateParcel } from '../infra/outbound/courier.port.ts';
import { OutcomeUnknown, ProviderRefused } from '../infra/outbound/errors.port.ts';
import type { Handle } from './handle.ts';

/** Moves a parcel through every state on its way. What follows comes by webhook. */
export const simulateParcel = async (
  { handle, parcels }: { handle: Handle; parcels: CourierSimulation },
  shipmentId: string,
  { to, ...behaviour }: SimulateParcel,
  isTheirs: (parcel: { buyerId: string; sellerId: string }) => boolean,
) => {
  const { state } = await handle.load(shipment, shipmentId);
  if (state.status === 'none' || !isTheirs(state)) throw new DomainError('shipping.not_found', 'There is no such shipment.');
  return parcels.simulateParcel(state.trackingNumber, to, behaviour).catch((error: unknown) => {
    if (error instanceof ProviderRefused) throw new DomainError('shipping.wrong_status', error.message, { reason: error.code });
    if (error instanceof OutcomeUnknown) throw new DomainError('shipping.provider_failed', error.message);
    throw error;
  });
};
