import { Counter } from 'prom-client';
export const entered = new Counter({ name: 'cars', help: 'cars' });
