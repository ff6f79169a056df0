// What the stream of a contact may contain: an e-mail address, a telephone number or an account, and what was bought by it. These schemas are the storage contract.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';

const id = () => open(z.string());
const common = { contactId: id(), checkoutId: id(), buyerId: id(), at: open(Instant) };

/**
 * A checkout by this contact begins. `codOrders`: how many orders of it are paid at the door. `over`: earlier checkouts that have no open
 * order any more. `userId`: whose account the contact belongs to, so that the purchase is that account's at once.
 */
export const ContactUsed = z.object({
  type: z.literal('contact.used'),
  ...common,
  codOrders: open(z.int().nonnegative()),
  over: open(z.array(z.string())),
  userId: open(z.string().nullable()),
});
/** The purchase of a guest belongs to the account that has proved the address. */
export const ContactPurchaseTaken = z.object({ type: z.literal('contact.purchase_taken'), ...common, userId: id() });
/** From here on the contact is this account's, whatever was bought by it. */
export const ContactTaken = z.object({ type: z.literal('contact.taken'), contactId: id(), userId: id(), at: open(Instant) });

/** What a guest has told for this purchase is destroyed, and the purchase is nobody's any more. */
export const ContactPurchaseForgotten = z.object({ type: z.literal('contact.purchase_forgotten'), ...common });

export const ContactEvent = z.discriminatedUnion('type', [ContactUsed, ContactPurchaseTaken, ContactTaken, ContactPurchaseForgotten]);
export type ContactEvent = z.infer<typeof ContactEvent>;
