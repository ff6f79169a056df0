// Leases of a deployment that is one process: whoever asks first has it, the others wait in line.
import type { Lease, Leases } from './port.ts';

export const localLeases = (): Leases => {
  const epochs = new Map<string, number>();
  /** The end of the line for each name: settled when the one before has released. */
  const lines = new Map<string, Promise<void>>();

  const leaseOf = (name: string, free: () => void): Lease => {
    const epoch = (epochs.get(name) ?? 0) + 1;
    epochs.set(name, epoch);
    let held = true;
    return {
      name,
      epoch,
      lost: new AbortController().signal, // nobody can take it away
      isHeld: () => held,
      fence: async () => {},
      release: async () => {
        held = false;
        free();
      },
    };
  };

  return {
    acquire: async (name, { signal }) => {
      signal?.throwIfAborted();
      const { promise: freed, resolve: free } = Promise.withResolvers<void>();
      const myTurn = lines.get(name) ?? Promise.resolve();
      lines.set(
        name,
        myTurn.then(() => freed),
      );
      const gaveUp = Promise.withResolvers<never>();
      const giveUp = () => gaveUp.reject(signal?.reason);
      signal?.addEventListener('abort', giveUp, { once: true });
      try {
        await Promise.race([myTurn, gaveUp.promise]);
      } catch (reason) {
        free(); // the place in the line goes to the next
        throw reason;
      } finally {
        signal?.removeEventListener('abort', giveUp);
      }
      return leaseOf(name, free);
    },
    close: async () => {},
  };
};
