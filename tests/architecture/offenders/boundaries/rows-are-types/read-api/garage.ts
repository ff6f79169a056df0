import { occupancy } from '../projections/garage/occupancy.ts';
export const answer = () => occupancy;
