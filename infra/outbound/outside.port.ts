// Everything outside that we speak to, and what stands in for it in development.
import type { Courier, CourierSimulation } from './courier.port.ts';
import type { MailOutbox, RenderedMail } from './mail.port.ts';
import type { PaymentGateway, PaymentSimulation } from './payment-gateway.port.ts';

export interface Outside {
  readonly gateway: PaymentGateway;
  readonly courier: Courier;
  readonly mail: MailOutbox;
  /** The account that payments go to. */
  readonly account: string;
  /** What plays the buyer and the courier's drivers; null with real providers, and in production. */
  readonly payments: PaymentSimulation | null;
  readonly parcels: CourierSimulation | null;
  /** What was mailed to a person, newest first; null in production. */
  readonly readMails: ((userId: string, limit: number) => Promise<RenderedMail[]>) | null;
  /** Where simulated providers send their webhooks from now on: `<url>/<provider>`. */
  deliverTo(url: string): void;
  close(): Promise<void>;
}
