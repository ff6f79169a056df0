// Places of the log that have been seen, with the time that was recorded there, so that a time is not looked for from the end each time.

export interface Landmarks {
  /** The earliest `recordedAt`, in milliseconds, from the place before (as far as it was looked at) up to this one. */
  note(position: number, recordedAt: number): void;
  /** The first known place that is surely after this time, and so is all that was seen behind it; null: none is known. */
  after(recordedAt: number): number | null;
}

/** Clocks of processes that append to one log differ by less than this many milliseconds. */
const skew = 60_000;

interface Place {
  readonly position: number;
  recordedAt: number;
}

/** Every second place, which takes over the earlier time of the one before it. */
const thinned = (places: readonly Place[]): Place[] =>
  places.flatMap((place, index) => {
    const next = places[index + 1];
    if (index % 2 === 1) return [];
    return [next ? { position: next.position, recordedAt: Math.min(place.recordedAt, next.recordedAt) } : place];
  });

export const createLandmarks = (most = 4_096): Landmarks => {
  let places: Place[] = [];
  /** Where the first place stands that is not before `position`. */
  const placeOf = (position: number): number => {
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((places[middle]?.position ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    note(position, recordedAt) {
      const at = placeOf(position);
      const known = places[at];
      if (known?.position === position) known.recordedAt = Math.min(known.recordedAt, recordedAt);
      else places.splice(at, 0, { position, recordedAt });
      if (places.length > most) places = thinned(places);
    },
    after(recordedAt) {
      const last = places.findLastIndex((place) => place.recordedAt < recordedAt + skew);
      return places[last + 1]?.position ?? null;
    },
  };
};
