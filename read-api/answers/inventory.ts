// What is said of stock: to everybody how much can be bought, to the seller what stands on the shelves and how it moved.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Moment, revised } from '../../infra/http/answers.ts';

const place = { productId: Id, variantId: Id, location: z.string() };

export const Availability = z.object({ ...place, available: z.int(), updatedAt: Moment }).meta({ id: 'Availability' });

export const StockLevel = z
  .object({
    ...place,
    sellerId: Id,
    available: z.int().describe('How many can be sold: what is on hand and not kept back for buyers.'),
    onHand: z.int(),
    lowLevel: z.int().nullable().describe('From how few pieces on it warns; null while it does not.'),
    updatedAt: Moment,
    ...revised,
  })
  .meta({ id: 'StockLevel' });

export const StockMovement = z
  .object({
    movementId: z.string(),
    kind: z.enum(['received', 'adjusted', 'returned', 'shipped']),
    ...place,
    sellerId: Id,
    quantity: z.int().describe('Negative where pieces left; 0 of damaged goods that came back and stay off the shelf.'),
    reason: z.string().nullable(),
    orderId: z.string().nullable(),
    onHand: z.int().describe('After it.'),
    at: Moment,
  })
  .meta({ id: 'StockMovement' });
