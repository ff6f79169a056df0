import process from 'node:process';

export const market = process.env.MARKET;
