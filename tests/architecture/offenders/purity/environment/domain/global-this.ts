export const market = () => globalThis;
