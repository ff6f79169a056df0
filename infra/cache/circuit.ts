// Keeps a server that is dead or slow from slowing down everybody: after one failure it is left alone for a while, then one call tries it.

/** The server is being left alone. One error for all, since many are thrown in a short time. */
const resting = new Error('The server did not answer lately and is left alone for a moment.');

export interface CircuitOptions {
  /** Milliseconds that an answer may take. */
  readonly timeoutMs: number;
  /** Milliseconds that the server is left alone after a failure. */
  readonly restMs: number;
}

export interface Circuit {
  /** Rejects when there is no answer in time, and at once while the server is left alone. An answer that says no is an answer: `isAnswer`. */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** Whether `run` would reject at once. */
  isResting(): boolean;
}

export const createCircuit = ({ timeoutMs, restMs }: CircuitOptions, isAnswer: (error: unknown) => boolean): Circuit => {
  let restsUntil: number | null = null;
  let isTrying = false;

  const failed = () => {
    restsUntil = performance.now() + restMs;
    isTrying = false;
  };
  const answered = () => {
    restsUntil = null;
    isTrying = false;
  };
  const isResting = () => restsUntil !== null && (isTrying || performance.now() < restsUntil);

  return {
    isResting,
    run: <T>(call: () => Promise<T>): Promise<T> => {
      if (isResting()) return Promise.reject(resting);
      isTrying = restsUntil !== null;
      return inTime(call(), timeoutMs).then(
        (value) => {
          answered();
          return value;
        },
        (error: unknown) => {
          if (isAnswer(error)) answered();
          else failed();
          throw error;
        },
      );
    },
  };
};

const inTime = <T>(promise: Promise<T>, milliseconds: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      // NOTE: after a stall of this process the timer comes first, while the answer already waits at the socket: that is read before.
      () => setImmediate(() => reject(new Error(`There was no answer within ${milliseconds} ms.`))),
      milliseconds,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
