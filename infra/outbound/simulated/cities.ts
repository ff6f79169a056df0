// Where a city lies, as far as a courier's price list cares.

export type Region = 'java' | 'bali_nusa' | 'sumatra' | 'kalimantan' | 'sulawesi' | 'east';

/** Cities that count as one for same-day couriers. */
const metros: Record<string, readonly string[]> = {
  jabodetabek: [
    'jakarta',
    'jakarta pusat',
    'jakarta selatan',
    'jakarta barat',
    'jakarta timur',
    'jakarta utara',
    'bogor',
    'depok',
    'tangerang',
    'tangerang selatan',
    'bekasi',
  ],
  bandung: ['bandung', 'cimahi'],
  surabaya: ['surabaya', 'sidoarjo', 'gresik'],
  yogyakarta: ['yogyakarta', 'sleman', 'bantul'],
  semarang: ['semarang', 'ungaran'],
  medan: ['medan', 'deli serdang', 'binjai'],
  denpasar: ['denpasar', 'badung'],
  makassar: ['makassar', 'gowa', 'maros'],
};

const regions: Record<Region, readonly string[]> = {
  java: [
    'cirebon',
    'cilegon',
    'serang',
    'karawang',
    'purwakarta',
    'sukabumi',
    'tasikmalaya',
    'garut',
    'tegal',
    'pekalongan',
    'purwokerto',
    'magelang',
    'surakarta',
    'solo',
    'salatiga',
    'kudus',
    'madiun',
    'kediri',
    'blitar',
    'malang',
    'batu',
    'pasuruan',
    'probolinggo',
    'jember',
    'banyuwangi',
  ],
  bali_nusa: ['singaraja', 'gianyar', 'mataram', 'bima', 'kupang'],
  sumatra: [
    'banda aceh',
    'lhokseumawe',
    'pematangsiantar',
    'padang',
    'bukittinggi',
    'pekanbaru',
    'dumai',
    'batam',
    'tanjungpinang',
    'jambi',
    'palembang',
    'bengkulu',
    'bandar lampung',
    'metro',
    'pangkalpinang',
  ],
  kalimantan: ['pontianak', 'singkawang', 'palangkaraya', 'banjarmasin', 'banjarbaru', 'balikpapan', 'samarinda', 'bontang', 'tarakan'],
  sulawesi: ['manado', 'bitung', 'gorontalo', 'palu', 'kendari', 'parepare'],
  east: ['ambon', 'ternate', 'tidore', 'sorong', 'manokwari', 'jayapura', 'merauke', 'timika'],
};

const metroRegions: Record<string, Region> = {
  jabodetabek: 'java',
  bandung: 'java',
  surabaya: 'java',
  yogyakarta: 'java',
  semarang: 'java',
  medan: 'sumatra',
  denpasar: 'bali_nusa',
  makassar: 'sulawesi',
};

interface Place {
  readonly metro: string;
  /** Null where the price list does not know the city. */
  readonly region: Region | null;
}

const places = new Map<string, Place>();
for (const [region, cities] of Object.entries(regions) as [Region, readonly string[]][]) {
  for (const city of cities) places.set(city, { metro: city, region });
}
for (const [metro, cities] of Object.entries(metros)) {
  for (const city of cities) places.set(city, { metro, region: metroRegions[metro] ?? null });
}

/** "Kota  Bandung" and "bandung" are one city. */
export const cityName = (city: string): string =>
  city
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(kota adm\.?|kota|kabupaten|kab\.?) /, '');

/** 0 within a city, 1 within an island, 2 to a neighbouring one, 3 far, 4 to or from the far east. */
export type Zone = 0 | 1 | 2 | 3 | 4;

const neighbours = new Set(['java bali_nusa', 'java sumatra', 'java kalimantan', 'kalimantan sulawesi']);

export const zoneBetween = (origin: string, destination: string): Zone => {
  const from = places.get(cityName(origin)) ?? { metro: cityName(origin), region: null };
  const to = places.get(cityName(destination)) ?? { metro: cityName(destination), region: null };
  if (from.metro === to.metro) return 0;
  // An unknown city costs like a distant one to a known city, and like a near one to another unknown: imported orders are of another country.
  if (from.region === null || to.region === null) return from.region === to.region ? 2 : 3;
  if (from.region === to.region) return 1;
  if (from.region === 'east' || to.region === 'east') return 4;
  return neighbours.has(`${from.region} ${to.region}`) || neighbours.has(`${to.region} ${from.region}`) ? 2 : 3;
};
