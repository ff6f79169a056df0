// Made-up goods with Indonesian names: the same ones in every run, and more different searches than any run can ask.

const goods: readonly (readonly [noun: string, category: string])[] = [
  ['Sepatu Lari', 'Olahraga'],
  ['Raket Bulutangkis', 'Olahraga'],
  ['Bola Voli', 'Olahraga'],
  ['Matras Yoga', 'Olahraga'],
  ['Kemeja Batik', 'Busana'],
  ['Gamis Katun', 'Busana'],
  ['Jaket Hujan', 'Busana'],
  ['Celana Panjang', 'Busana'],
  ['Sandal Kulit', 'Busana'],
  ['Tas Ransel', 'Busana'],
  ['Dompet Kain', 'Busana'],
  ['Topi Anyaman', 'Busana'],
  ['Ponsel Pintar', 'Elektronik'],
  ['Kipas Angin', 'Elektronik'],
  ['Lampu Meja', 'Elektronik'],
  ['Penanak Nasi', 'Elektronik'],
  ['Pengeras Suara', 'Elektronik'],
  ['Setrika Uap', 'Elektronik'],
  ['Jam Dinding', 'Rumah'],
  ['Panci Tekan', 'Rumah'],
  ['Wajan Besi', 'Rumah'],
  ['Rak Buku', 'Rumah'],
  ['Kursi Rotan', 'Rumah'],
  ['Seprai Tidur', 'Rumah'],
  ['Karpet Bulu', 'Rumah'],
  ['Gelas Kaca', 'Rumah'],
  ['Kopi Gayo', 'Makanan'],
  ['Sambal Bawang', 'Makanan'],
  ['Keripik Singkong', 'Makanan'],
  ['Madu Hutan', 'Makanan'],
  ['Teh Melati', 'Makanan'],
  ['Gula Aren', 'Makanan'],
  ['Boneka Kelinci', 'Mainan'],
  ['Balok Susun', 'Mainan'],
  ['Buku Cerita', 'Mainan'],
  ['Papan Catur', 'Mainan'],
  ['Sabun Zaitun', 'Kecantikan'],
  ['Lulur Beras', 'Kecantikan'],
  ['Minyak Kelapa', 'Kecantikan'],
  ['Sisir Kayu', 'Kecantikan'],
];
const traits = [
  ...['Ringan', 'Tebal', 'Halus', 'Kuat', 'Lembut', 'Praktis', 'Klasik', 'Modern', 'Mewah', 'Mungil', 'Besar', 'Anak', 'Dewasa'],
  ...['Pria', 'Wanita', 'Keluarga', 'Lipat', 'Tahan Air', 'Organik', 'Asli', 'Tradisional', 'Hemat', 'Premium', 'Serbaguna', 'Harian'],
];
const colours = ['Merah', 'Biru', 'Hijau', 'Kuning', 'Hitam', 'Putih', 'Cokelat', 'Ungu', 'Jingga', 'Abu'];
const brandNames = [
  'Nusantel',
  'Garuda',
  'Melati',
  'Rimba',
  'Samudra',
  'Cendana',
  'Merapi',
  'Kencana',
  'Bahari',
  'Pelangi',
  'Sinar',
  'Tunas',
];
export const cities = ['Jakarta', 'Bandung', 'Surabaya', 'Semarang', 'Medan', 'Makassar', 'Denpasar', 'Yogyakarta', 'Palembang', 'Malang'];

export const categoryNames = [...new Set(goods.map(([, category]) => category))];
export const brands: readonly string[] = brandNames;

/** The n-th of a list, around its end. */
export const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** A number that looks random and is the same in every run. */
export const scattered = (n: number): number => {
  let mixed = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** What the n-th product is called, and where it belongs. */
export const goodsOf = (n: number) => {
  const [noun, category] = pick(goods, n);
  const trait = pick(traits, Math.floor(n / goods.length) + scattered(n));
  const colour = pick(colours, scattered(n + 7));
  const brand = pick(brandNames, scattered(n + 13));
  const city = pick(cities, scattered(n + 29));
  const name = `${noun} ${trait} ${colour} ${brand} ${n}`;
  const description = `${noun} ${trait.toLowerCase()} berwarna ${colour.toLowerCase()}, buatan ${brand} dari ${city}. Dikirim dalam kemasan aman, cocok untuk hadiah dan pemakaian sehari-hari.`;
  return {
    name,
    description,
    category,
    brand,
    city,
    price: 5_000 + (scattered(n + 3) % 4_000) * 500,
    weightGrams: 100 + (scattered(n) % 40) * 50,
  };
};

const words = [...traits.filter((trait) => !trait.includes(' ')), ...colours, ...brandNames].map((word) => word.toLowerCase());
const nouns = goods.map(([noun]) => noun.toLowerCase());

/**
 * The n-th search, each another one. Every fifth names a kind of goods alone and finds about 125 of 5,000 products, the others add a
 * word and find about 15. Where the words begin again, a limit of the price makes it another search.
 */
export const searchOf = (n: number): { readonly text: string; readonly maxPrice: number | null } => {
  const limit = (round: number) => (round === 0 ? null : 2_500_000 - round);
  if (n % 5 === 0) return { text: pick(nouns, n / 5), maxPrice: limit(Math.floor(n / 5 / nouns.length)) };
  const pairs = nouns.length * words.length;
  const at = (n * 7_919) % pairs; // a prime steps through all of them, and mixes them
  return { text: `${nouns[at % nouns.length]} ${words[Math.floor(at / nouns.length)]}`, maxPrice: limit(Math.floor(n / pairs)) };
};
