import { readFileSync } from 'node:fs';
export const plates = () => readFileSync('plates.txt', 'utf8');
