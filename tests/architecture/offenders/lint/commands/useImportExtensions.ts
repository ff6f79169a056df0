import { gate } from './gate';

export const wall = gate;
