export const gate = 'open';
export type Gate = typeof gate;
