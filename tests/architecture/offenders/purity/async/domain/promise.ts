export const entered = (car: string) => Promise.resolve(car);
