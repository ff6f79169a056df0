export const tick = () => performance.now();
