// How much is let in at once. What this process can bear is learnt from the lag of its event loop; when it is too much,
// the least important class is refused first and before any work is done for it.
import { type LoadClass, loadClasses } from '../http/marks.ts';

interface Tolerance {
  /** How full the places may be, as a share, when one of this class still comes in: the rest stays free for those before it. */
  readonly share: number;
  /** Milliseconds of event-loop lag from which on the class is refused. */
  readonly lag: number;
}

const tolerances: Readonly<Record<LoadClass, Tolerance>> = {
  probe: { share: Number.POSITIVE_INFINITY, lag: Number.POSITIVE_INFINITY },
  payment: { share: 0.95, lag: 3_000 },
  checkout: { share: 0.9, lag: 1_500 },
  cart: { share: 0.75, lag: 800 },
  browsing: { share: 0.6, lag: 400 },
  reports: { share: 0.3, lag: 150 },
};

/** Share of the places that each class has for itself however full the others make them: no class can shut another one out. */
const reserved = 0.02;
/** Above this lag there are more requests inside than the process can serve well; below it more may come. */
const comfortable = 100;
const sampleEvery = 50;
/** Milliseconds that requests may stay inside while the loop lags: as many as are inside, by as many as leave in that time. */
const longestStay = 500;

export interface LoadGate {
  /**
   * Takes a place for a request, to be given back by `leave`. Where there is none it answers in how many seconds to come again, and costs
   * next to nothing: most requests of a crowd end here.
   */
  enter(load: LoadClass): { readonly retryAfter: number } | null;
  leave(load: LoadClass): void;
  /** Tells the lag that was just measured, in milliseconds. */
  feel(lag: number): void;
  /** Starts measuring by itself; the answer stops it. */
  watch(): () => void;
  /** From now on connections are closed after their answer. Resolves when nothing is running any more; nothing comes in after that. */
  drain(): Promise<void>;
  readonly inFlight: number;
  readonly places: number;
  readonly draining: boolean;
  /** Refused since the start, by class. */
  readonly shed: Readonly<Record<LoadClass, number>>;
}

export interface LoadOptions {
  /** Never more requests at once than this: each one holds memory. */
  most?: number;
  /** Never fewer places than this, however slow it is, so that payments still pass. */
  fewest?: number;
}

export const loadGate = ({ most = 5_000, fewest = 32 }: LoadOptions = {}): LoadGate => {
  let inFlight = 0;
  let places = most;
  let smoothLag = 0;
  /** Requests that have left since the last lag was told, and how many leave in a millisecond. */
  let [left, leaving] = [0, 0];
  let drained: PromiseWithResolvers<void> | null = null;
  /** Drained, and so about to close what routes work with. */
  let isClosed = false;
  const none = { probe: 0, payment: 0, checkout: 0, cart: 0, browsing: 0, reports: 0 };
  const shed: Record<LoadClass, number> = { ...none };
  const inside: Record<LoadClass, number> = { ...none };

  const feel = (lag: number) => {
    smoothLag = (smoothLag + lag) / 2;
    leaving = (leaving + left / (sampleEvery + lag)) / 2;
    left = 0;
    // Fewer places by a fifth when it hurts, a few more when it does not: it falls fast and recovers slowly, and so settles. A lag that does
    // not keep those inside for long is that of a crowd at the door: fewer inside would not make it smaller.
    if (smoothLag > comfortable && inFlight > leaving * longestStay) places = Math.max(fewest, Math.min(places, Math.ceil(inFlight * 0.8)));
    else places = Math.min(most, places + Math.max(1, Math.ceil(places * 0.02)));
  };

  const close = () => {
    if (!drained) return;
    isClosed = true;
    drained.resolve();
  };

  return {
    enter: (load) => {
      const { share, lag } = tolerances[load];
      const isFull = inFlight >= places * share && inside[load] >= places * reserved;
      if (isFull || (isClosed && load !== 'probe') || (smoothLag >= lag && inFlight >= fewest * share)) {
        shed[load] += 1;
        return { retryAfter: loadClasses.indexOf(load) };
      }
      inFlight += 1;
      inside[load] += 1;
      return null;
    },
    leave: (load) => {
      inFlight -= 1;
      inside[load] -= 1;
      left += 1;
      if (inFlight === 0) close();
    },
    feel,
    watch: () => {
      let last = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        feel(Math.max(0, now - last - sampleEvery));
        last = now;
      }, sampleEvery).unref();
      return () => clearInterval(timer);
    },
    drain: () => {
      drained ??= Promise.withResolvers<void>();
      if (inFlight === 0) close();
      return drained.promise;
    },
    get inFlight() {
      return inFlight;
    },
    get places() {
      return places;
    },
    get draining() {
      return drained !== null;
    },
    shed,
  };
};
