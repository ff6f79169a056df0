import type { GarageEvent } from './events.ts';
export type Garage = { last: GarageEvent };
