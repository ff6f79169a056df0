export const open = (gate: any) => gate;
