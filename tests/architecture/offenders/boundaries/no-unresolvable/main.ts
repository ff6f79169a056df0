import { garage } from './gone.ts';
export const start = () => garage;
