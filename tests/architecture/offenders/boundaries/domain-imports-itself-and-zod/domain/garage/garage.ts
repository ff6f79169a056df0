import type { Handle } from '../../commands/handle.ts';
export type Enter = Handle;
