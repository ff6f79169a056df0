export type Answer = { status: number };
