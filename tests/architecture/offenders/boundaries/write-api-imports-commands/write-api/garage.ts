import type { OccupancyRow } from '../projections/garage/occupancy.ts';
export type Answer = OccupancyRow;
