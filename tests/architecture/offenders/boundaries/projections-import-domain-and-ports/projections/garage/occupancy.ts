import type { Handle } from '../../commands/handle.ts';
export type OccupancyRow = { handle: Handle };
