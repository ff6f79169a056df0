// Moving a parcel by hand over HTTP, where the courier is simulated.
import { Hono } from 'hono';
import { z } from 'zod';
import type { Handle } from '../commands/handle.ts';
import { simulateParcel } from '../commands/shipping.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, isAllowed, principalOf } from '../infra/http/policy.ts';
import { type CourierSimulation, SimulateParcel } from '../infra/outbound/courier.port.ts';
import { reply, type WriteEnv } from './http.ts';

export interface ShippingNeeds {
  readonly handle: Handle;
  /** Null: there are real couriers. */
  readonly parcels: CourierSimulation | null;
}

const SimulatedParcel = z
  .object({ shipmentId: z.string(), trackingNumber: z.string(), status: z.string() })
  .meta({ id: 'SimulatedParcel' });

export const shippingCommands = ({ handle, parcels }: ShippingNeeds) => {
  const app = new Hono<WriteEnv>();
  if (!parcels) return app;
  return app.post(
    '/shipments/:shipmentId/simulate',
    allow('signed-in', {
      operation: 'simulateParcel',
      answer: SimulatedParcel,
      summary: 'Move a parcel with the simulated courier; what follows comes by webhook. Not in production.',
      owner: 'buyer or seller',
      exempt: true,
      status: 202,
      errors: ['shipping.not_found', 'shipping.wrong_status', 'shipping.provider_failed'],
    }),
    params(z.object({ shipmentId: z.string().min(1).max(64) })),
    body(SimulateParcel),
    async (c) => {
      const { shipmentId } = c.req.valid('param');
      const principal = principalOf(c);
      const isAdmin = isAllowed(['ADMIN'], principal);
      const parcel = await simulateParcel(
        { handle, parcels },
        shipmentId,
        c.req.valid('json'),
        ({ buyerId, sellerId }) => isAdmin || buyerId === principal.id || sellerId === principal.sellerId,
      );
      return reply(c, 202, { shipmentId, trackingNumber: parcel.trackingNumber, status: parcel.status });
    },
  );
};
