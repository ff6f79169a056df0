import type { OccupancyRow } from '../../projections/garage/occupancy.ts';
import type { TimerRow } from '../../projections/sagas/timers.ts';
export type Rows = [OccupancyRow, TimerRow];
