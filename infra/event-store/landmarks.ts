// Places of the log that have been seen, with the time that was recorded there, so that a time is not looked for from the end each time.

export interface Landmarks {
  /** `recordedAt` in milliseconds. */
  note(position: number, recordedAt: number): void;
  /** The first known place that is surely after this time; null: none is known. */
  after(recordedAt: number): number | null;
}

/** Clocks of processes that append to one log differ by less than this many milliseconds. */
const skew = 60_000;

export const createLandmarks = (most = 4_096): Landmarks => {
  let places: { position: number; recordedAt: number }[] = [];
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
      if (places[at]?.position === position) return;
      places.splice(at, 0, { position, recordedAt });
      if (places.length > most) places = places.filter((_, index) => index % 2 === 0);
    },
    after(recordedAt) {
      return places.find((place) => place.recordedAt >= recordedAt + skew)?.position ?? null;
    },
  };
};
