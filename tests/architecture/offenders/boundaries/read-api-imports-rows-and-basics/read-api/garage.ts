import type { GarageEvent } from '../domain/garage/events.ts';
export type Answer = GarageEvent;
