export type OccupancyRow = { taken: number };
