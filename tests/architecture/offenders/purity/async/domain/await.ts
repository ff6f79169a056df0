export const car = await import('./arrow.ts');
