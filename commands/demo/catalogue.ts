// A small believable market to try things in: three stores, their goods, and people who keep them.

/** The password of every demo account. Demo data is never made in production. */
export const demoPassword = 'kopi-susu-gula-aren';

export const demoAdmin = { email: 'admin@demo.example', name: 'Dewi Lestari' };

export interface DemoStore {
  readonly email: string;
  readonly owner: string;
  readonly storeName: string;
  readonly slug: string;
  readonly city: string;
  readonly description: string;
}

export const demoStores: readonly DemoStore[] = [
  {
    email: 'kopi@demo.example',
    owner: 'Raka Pratama',
    storeName: 'Kopi Lereng',
    slug: 'kopi-lereng',
    city: 'Bandung',
    description: 'Biji kopi dari lereng Malabar, Gayo dan Toraja, disangrai tiap Senin dan Kamis.',
  },
  {
    email: 'batik@demo.example',
    owner: 'Sekar Ayu',
    storeName: 'Batik Laweyan',
    slug: 'batik-laweyan',
    city: 'Surakarta',
    description: 'Batik tulis dan cap dari kampung Laweyan.',
  },
  {
    email: 'dapur@demo.example',
    owner: 'Bagus Wijaya',
    storeName: 'Dapur Nusantara',
    slug: 'dapur-nusantara',
    city: 'Jakarta',
    description: 'Peralatan dapur yang dipakai bertahun-tahun.',
  },
];

/** Slug of the parent, or null for a root. */
export const demoCategories: readonly { readonly name: string; readonly slug: string; readonly parent: string | null }[] = [
  { name: 'Makanan & Minuman', slug: 'makanan-minuman', parent: null },
  { name: 'Kopi', slug: 'kopi', parent: 'makanan-minuman' },
  { name: 'Camilan', slug: 'camilan', parent: 'makanan-minuman' },
  { name: 'Pakaian', slug: 'pakaian', parent: null },
  { name: 'Batik Pria', slug: 'batik-pria', parent: 'pakaian' },
  { name: 'Batik Wanita', slug: 'batik-wanita', parent: 'pakaian' },
  { name: 'Dapur', slug: 'dapur', parent: null },
  { name: 'Alat Seduh', slug: 'alat-seduh', parent: 'dapur' },
  { name: 'Alat Masak', slug: 'alat-masak', parent: 'dapur' },
];

/** `prices` in rupiah, by variant name; one unnamed variant has the name ''. */
export interface DemoProduct {
  readonly store: string;
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly weightGrams: number;
  readonly prices: Readonly<Record<string, number>>;
  readonly stock: number;
}

const sizes = (price: number) => ({ M: price, L: price, XL: price + 15_000 });
const beans = (price: number) => ({ '200 g': price, '1 kg': price * 4 });

export const demoProducts: readonly DemoProduct[] = [
  ['kopi-lereng', 'kopi', 'Kopi Arabika Malabar', 'Manis seperti gula aren, asam lembut.', 220, beans(68_000), 120],
  ['kopi-lereng', 'kopi', 'Kopi Arabika Gayo', 'Rempah dan cokelat, badan tebal.', 220, beans(72_000), 80],
  ['kopi-lereng', 'kopi', 'Kopi Toraja Sapan', 'Buah kering dan kayu manis.', 220, beans(79_000), 60],
  ['kopi-lereng', 'kopi', 'Kopi Robusta Temanggung', 'Pahit bersih untuk kopi susu.', 220, beans(48_000), 200],
  ['kopi-lereng', 'camilan', 'Kacang Mede Panggang', 'Dipanggang dengan garam laut.', 260, { '': 55_000 }, 90],
  ['kopi-lereng', 'camilan', 'Gula Aren Cair', 'Gula aren asli dari Lebak, botol 250 ml.', 400, { '': 32_000 }, 150],
  ['kopi-lereng', 'alat-seduh', 'Saringan V60 Keramik', 'Untuk dua cangkir.', 450, { Putih: 145_000, Hitam: 145_000 }, 40],
  ['batik-laweyan', 'batik-pria', 'Kemeja Batik Parang', 'Katun primisima, lengan panjang.', 350, sizes(285_000), 30],
  ['batik-laweyan', 'batik-pria', 'Kemeja Batik Kawung', 'Batik cap, lengan pendek.', 320, sizes(195_000), 45],
  ['batik-laweyan', 'batik-pria', 'Sarung Batik Sidomukti', 'Batik tulis, pewarna alam.', 400, { '': 425_000 }, 12],
  ['batik-laweyan', 'batik-wanita', 'Blus Batik Truntum', 'Katun halus dengan kancing kayu.', 280, sizes(215_000), 38],
  ['batik-laweyan', 'batik-wanita', 'Kain Batik Sekar Jagad', 'Dua setengah meter, batik tulis.', 450, { '': 560_000 }, 8],
  ['batik-laweyan', 'batik-wanita', 'Selendang Batik Sutra', 'Sutra ATBM, motif merak.', 150, { Merah: 330_000, Biru: 330_000 }, 20],
  ['dapur-nusantara', 'alat-masak', 'Wajan Besi Cor 28 cm', 'Panas merata, tahan seumur hidup.', 2_600, { '': 310_000 }, 25],
  ['dapur-nusantara', 'alat-masak', 'Cobek Batu Merapi', 'Batu andesit utuh, diameter 20 cm.', 4_200, { '': 125_000 }, 35],
  ['dapur-nusantara', 'alat-masak', 'Dandang Tembaga', 'Untuk nasi dan ketupat.', 1_900, { '5 liter': 540_000, '8 liter': 690_000 }, 10],
  ['dapur-nusantara', 'alat-masak', 'Pisau Dapur Baja Karbon', 'Ditempa tangan di Ciwidey.', 300, { '': 175_000 }, 50],
  ['dapur-nusantara', 'alat-seduh', 'Teko Enamel 1,2 L', 'Hijau loreng seperti di rumah nenek.', 800, { Hijau: 98_000, Biru: 98_000 }, 60],
  ['dapur-nusantara', 'alat-seduh', 'Penggiling Kopi Tangan', 'Mata gerinda keramik.', 750, { '': 225_000 }, 28],
  ['dapur-nusantara', 'camilan', 'Sambal Roa Botol', 'Pedas asap dari Manado.', 250, { '': 42_000 }, 110],
].map(
  ([store, category, name, description, weightGrams, prices, stock]) =>
    ({ store, category, name, description, weightGrams, prices, stock }) as DemoProduct,
);
