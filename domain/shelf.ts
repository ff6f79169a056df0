// A map that is plain JSON and cheap to change: entries lie in 256 boxes, so that putting one in copies one box and the row of boxes.
// A hot variant has thousands of open holds, a busy seller as many bookings, and copying all of them for each new one would cost more than deciding it.

type Box<Value> = Readonly<Record<string, Value>>;
export type Shelf<Value> = Readonly<Record<string, Box<Value>>>;

const boxes = 256;

const boxOf = (key: string): string => {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return String(Math.abs(hash) % boxes);
};

export const look = <Value>(shelf: Shelf<Value>, key: string): Value | undefined => shelf[boxOf(key)]?.[key];

export const put = <Value>(shelf: Shelf<Value>, key: string, value: Value): Shelf<Value> => {
  const box = boxOf(key);
  return { ...shelf, [box]: { ...shelf[box], [key]: value } };
};

export const take = <Value>(shelf: Shelf<Value>, key: string): Shelf<Value> => {
  const box = boxOf(key);
  const { [key]: _taken, ...left } = shelf[box] ?? {};
  return { ...shelf, [box]: left };
};

/** All entries, in no particular order. */
export function* entries<Value>(shelf: Shelf<Value>): Generator<[string, Value]> {
  for (const box in shelf) yield* Object.entries(shelf[box] ?? {});
}
