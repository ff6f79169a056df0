import type { Plate } from '../account/account.ts';
export type Car = { plate: Plate };
