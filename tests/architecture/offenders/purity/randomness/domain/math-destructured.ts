export const { random } = Math;
