import type { OccupancyRow } from '../../projections/garage/occupancy.ts';
export type Row = OccupancyRow;
