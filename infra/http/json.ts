// JSON on its way out, with the type of what it says: a route answers nothing but what its schema describes.

/** `T`, with every array and object in it read-only: what rows and events are. */
export type Said<T> = T extends object ? { readonly [K in keyof T]: Said<T[K]> } : T;

declare const said: unique symbol;
/** Text that is the JSON of a `T`. */
export type JsonText<T> = string & { readonly [said]: T };

/** The context of a route that answers a `T`. Nothing is ever stored there; the type is all. */
export interface Answering<T> {
  Variables: { answer?: T };
}

/** The same, as a parameter: `c: C & Answers<T>`. */
export interface Answers<T> {
  readonly var: { readonly answer?: T };
}

export const jsonText = <T>(value: T): JsonText<T> => JSON.stringify(value) as JsonText<T>;

/** Text that was stored as the JSON of a `T`: the caller's word. Rows go out as they are, without being read. */
export const storedText = <T>(text: string): JsonText<T> => text as JsonText<T>;
