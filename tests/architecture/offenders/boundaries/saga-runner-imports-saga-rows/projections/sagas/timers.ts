export type TimerRow = { at: string };
