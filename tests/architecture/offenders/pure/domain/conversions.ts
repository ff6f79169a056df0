// What looks like a clock or like chance, and is neither: the check must let it pass.
export const millisecond = (at: string) => Date.parse(at);
export const text = (milliseconds: number) => new Date(milliseconds).toISOString();
export const next = (at: string) => new Date(Date.parse(at) + 1).toISOString();
export const newYear = (year: number) => Date.UTC(year, 0);
export const larger = (a: number, b: number) => Math.max(a, b);
export const asynchronous = (async: boolean) => async;
