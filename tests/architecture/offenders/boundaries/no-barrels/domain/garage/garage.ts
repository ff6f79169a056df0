import type { GarageEvent } from './index.ts';
export type Garage = { last: GarageEvent };
