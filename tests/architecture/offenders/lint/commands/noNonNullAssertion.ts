export const first = (gates: string[]) => gates[0]!;
