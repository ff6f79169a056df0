import { integer } from 'fast-check';
export const spaces = integer();
