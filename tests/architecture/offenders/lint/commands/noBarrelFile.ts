export { gate } from './gate.ts';
export { wall } from './wall.ts';
