import { Gate } from './gate.ts';
export type Door = Gate;
