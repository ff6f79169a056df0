import type { Connections } from '../connect.ts';
export type Meters = Connections;
