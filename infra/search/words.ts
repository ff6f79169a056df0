// The Indonesian words that search treats specially: stop words, synonyms, and roots that only look as if they had affixes.

export const stopWords: ReadonlySet<string> = new Set(
  'dan atau yang untuk dengan di ke dari pada ini itu buat bagi dalam oleh sebagai adalah juga serta para the of for and with a an murah jual beli cari'.split(
    ' ',
  ),
);

/** Words of one meaning, the first of each line stands for all; a phrase of two words counts as one word. */
const groups = `
ponsel|hp|handphone|hape|telepon genggam|smartphone|telpon genggam|hand phone
pakaian|baju|busana
kaus|kaos|tshirt|t shirt|oblong
celana jin|jeans|jins|denim
lari|running|jogging|joging
arloji|jam tangan|watch
laptop|notebook|komputer jinjing
powerbank|power bank
televisi|tv|tivi|teve
kulkas|lemari es|refrigerator
kipas|kipas angin|fan
penanak nasi|rice cooker|magic com|magicom|ricecooker
headset|earphone|headphone|earbud|earbuds|tws
pengisi daya|charger|cas|casan
sepeda motor|motor
kerudung|jilbab|hijab
tas punggung|ransel|backpack
dompet|wallet
sendal|sandal
boneka|plushie
popok|pampers|diaper
tabir surya|sunscreen|sunblock
gincu|lipstik|lipstick
parfum|minyak wangi|perfume
tetikus|mouse
papan ketik|keyboard|kibor
bola kaki|sepak bola|football|futbol
alat tulis|atk
botol|tumbler
wajan|penggorengan|teflon|frying pan
sprei|seprai|bed cover|bedcover
sofa|kursi tamu
gitar|guitar
buku|novel
jaket|jacket|hoodie
gamis|dress muslim
`;

/** Phrases and words, each with the word that stands for its group. The stand-in is one word, so that it is never taken apart. */
export const synonyms: ReadonlyMap<string, string> = new Map(
  groups
    .trim()
    .split('\n')
    .flatMap((line) => {
      const words = line.split('|');
      const standIn = (words[0] ?? '').replaceAll(' ', '');
      return words.map((word): [string, string] => [word, standIn]);
    }),
);

/** Words that stand for a group; they are never stemmed. */
export const standIns: ReadonlySet<string> = new Set(synonyms.values());

/** Roots: kept whole, and preferred when a prefix may have swallowed a letter (memakai is pakai, memasak is masak). */
export const roots: ReadonlySet<string> = new Set(
  `pakai pukul potong panggang panas panjang pijat pasang pompa peras pel parut tulis tutup tangkap tarik tumbuk timbang tabung kering kirim kupas kukus
   kocok kunci kecil sapu setrika simpan sikat siram saring sedap segar sisir rawat rebus rajut rias racik masak minum makan main mandi mobil muka
   tangan taman ikan papan bahan badan beban hutan jalan kanan kiri koran lapan lengan makanan minuman pisan roman selimutan tekan telan teman tuan udang
   kopi topi roti sapi tali kaki gigi padi kursi meja besi seri bayi lari nasi mini midi pagi panci lemari mati bumbu bulu buku
   merah merk mentega melati melon memori mesin meteran metal meter mebel medium pensil penggaris pena permata perak permen perban peta peti pelangi pelita
   bera beras berlian besar bersih beruang dinding dingin diska display digital diri terigu teras terong terompet termos terpal tenda tempat
   bantal bangku anak bulan ayunan intan depan delapan dewan hewan rotan santan durian pertamina ketan sawi teri kari madani wangi alami asli islami
   celana sarana belanja bola baterai televisi sepatu selimut seragam kemeja kerudung keranjang kebaya kecap kerupuk kelapa kertas kelambu`
    .trim()
    .split(/\s+/),
);
