export type GarageEvent = { type: 'garage.opened' };
