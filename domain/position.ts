// Where in which log something stands: opaque on the wire, and never compared across logs.
import { DomainError } from './error.ts';

/** `<log id>.<n>`, as answers carry it and reads may send it back. */
export const positionText = (logId: string, position: number): string => `${logId}.${position}`;

/** The position in this log that the text names. Throws request.bad_position for other text, request.other_log for another log's. */
export const positionOf = (logId: string, text: string): number => {
  const dot = text.lastIndexOf('.');
  const position = Number(text.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(position) || position < 0) {
    throw new DomainError('request.bad_position', 'Send the position as an earlier answer gave it.');
  }
  if (text.slice(0, dot) !== logId) throw new DomainError('request.other_log', 'This position belongs to another log; read without it.');
  return position;
};
