import { rows } from './contract.ts';
export const first = rows[0];
