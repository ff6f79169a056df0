import type { Answer } from '../write-api/http.ts';
export type Entered = Answer;
