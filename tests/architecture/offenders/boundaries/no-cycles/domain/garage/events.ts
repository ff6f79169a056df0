import type { Garage } from './garage.ts';
export type GarageEvent = { before: Garage };
