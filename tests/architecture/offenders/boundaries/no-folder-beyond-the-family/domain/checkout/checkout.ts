import type { Plate } from '../account/account.ts';
export type Buyer = { plate: Plate };
