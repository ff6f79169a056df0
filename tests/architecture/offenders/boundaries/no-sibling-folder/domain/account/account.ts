export type Plate = string;
