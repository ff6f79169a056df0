// Compares what the Olist files say with what the running product answers over HTTP, figure by figure.
import { add, countAverages, type Figures, figuresOfFiles } from './verify-olist-files.ts';

/** Asks the product for JSON: a path below /api/v1. Throws when it answers anything but 200. */
export type Ask = (path: string) => Promise<unknown>;

export interface Compared {
  readonly figure: string;
  readonly files: number;
  readonly product: number;
  readonly difference: number;
}

type Item = Readonly<Record<string, string | number | null>>;
interface Page<Each = Item> {
  readonly items: readonly Each[];
  readonly next: string | null;
}

const currency = 'currency=BRL';

/** All pages of a list; `cursor` is the parameter that names where the next one begins. */
const all = async <Each = Item>(ask: Ask, path: string): Promise<Each[]> => {
  const items: Each[] = [];
  for (let next: string | null = null; ; ) {
    const page = (await ask(`${path}${next === null ? '' : `&cursor=${encodeURIComponent(next)}`}`)) as Page<Each>;
    items.push(...page.items);
    next = page.next;
    if (next === null) return items;
  }
};

const count = (item: Item, field: string) => Number(item[field]);

/** Imported shops bear the first half of their source's id in their address. */
const sourceSellers = async (ask: Ask, fromFiles: Figures): Promise<(sellerId: string) => string> => {
  const known = new Map<string, string>();
  for (const name of fromFiles.keys()) {
    const source = /^revenue gross seller (.+)$/.exec(name)?.[1];
    if (source) known.set(source.slice(0, 16), source);
  }
  const sources = new Map<string, string>();
  for (const { sellerId, slug } of await all(ask, '/admin/sellers?limit=100')) {
    const source = known.get(String(slug).split('-').at(-1) ?? '');
    if (source) sources.set(String(sellerId), source);
  }
  return (sellerId) => sources.get(sellerId) ?? sellerId;
};

const addRevenue = (figures: Figures, group: string, item: Item) => {
  add(figures, `revenue gross ${group}`, count(item, 'gross'));
  add(figures, `revenue net ${group}`, count(item, 'net'));
  add(figures, `freight gross ${group}`, count(item, 'freight'));
  add(figures, `freight net ${group}`, count(item, 'netFreight'));
};

const askSales = async (ask: Ask, figures: Figures, sourceOf: (sellerId: string) => string) => {
  for (const item of ((await ask(`/admin/figures/purchases?${currency}`)) as Page).items) {
    add(figures, `purchases ${item.sourceStatus}`, count(item, 'purchases'));
    add(figures, `captured status ${item.sourceStatus}`, count(item, 'captured'));
    add(figures, 'captured all', count(item, 'captured'));
  }
  for (const item of ((await ask(`/admin/figures/orders?${currency}`)) as Page).items) {
    add(figures, `orders ${item.sourceStatus}`, count(item, 'placed'));
    addRevenue(figures, `status ${item.sourceStatus}`, item);
    addRevenue(figures, 'all', item);
  }
  for (const item of await all(ask, `/admin/figures/sellers?${currency}&limit=1000`))
    addRevenue(figures, `seller ${sourceOf(String(item.sellerId))}`, item);
  for (const item of ((await ask(`/admin/figures/months?${currency}&zone=UTC`)) as Page).items)
    addRevenue(figures, `month ${item.month}`, item);
  for (const item of ((await ask(`/admin/figures/categories?${currency}`)) as Page).items) {
    add(figures, `revenue gross category ${item.slug}`, count(item, 'gross'));
    add(figures, `revenue net category ${item.slug}`, count(item, 'net'));
  }
};

const askPayments = async (ask: Ask, figures: Figures) => {
  const found = (await ask('/admin/figures/payments')) as Record<'types' | 'parts' | 'refunds', readonly Item[]>;
  const inBrl = (items: readonly Item[]) => items.filter((item) => item.currency === 'BRL');
  for (const item of inBrl(found.types)) {
    add(figures, `payment parts ${item.name}`, count(item, 'count'));
    add(figures, `payment amount ${item.name}`, count(item, 'amount'));
  }
  for (const item of inBrl(found.parts)) {
    add(figures, `payments of ${item.name} parts`, count(item, 'count'));
    add(figures, `payment amount of ${item.name} parts`, count(item, 'amount'));
  }
  for (const item of inBrl(found.refunds)) {
    add(figures, `refunds ${item.name}`, count(item, 'count'));
    add(figures, `refunded ${item.name}`, count(item, 'amount'));
    add(figures, `refunded shipping ${item.name}`, count(item, 'shipping'));
  }
};

interface Balance {
  readonly ledgerId: string;
  readonly balances: readonly { readonly account: string; readonly balance: { readonly amount: number; readonly currency: string } }[];
}
interface TrialBalance {
  readonly currencies: readonly { readonly currency: string; readonly accounts: Readonly<Record<string, number>>; readonly sum: number }[];
}

const askBooks = async (ask: Ask, figures: Figures, sourceOf: (sellerId: string) => string) => {
  for (const { ledgerId, balances } of await all<Balance>(ask, '/admin/ledger/balances?limit=100')) {
    for (const { account, balance } of balances)
      if (balance.currency === 'BRL') add(figures, `ledger ${sourceOf(ledgerId)} ${account}`, balance.amount);
  }
  const { currencies } = (await ask('/admin/ledger/trial-balance')) as TrialBalance;
  for (const { currency: each, accounts, sum } of currencies) {
    add(figures, 'trial balance', Math.abs(sum));
    if (each === 'BRL') for (const [account, amount] of Object.entries(accounts)) add(figures, `account ${account}`, amount);
  }
};

interface ReviewFigures {
  readonly kind: string;
  readonly written: { readonly count: number; readonly sum: number };
  readonly current: { readonly count: number; readonly sum: number };
}

const askReviews = async (ask: Ask, figures: Figures) => {
  for (const item of ((await ask('/admin/figures/reviews')) as Page<ReviewFigures>).items) {
    if (item.kind !== 'order') continue;
    for (const kind of ['written', 'current'] as const) {
      add(figures, `reviews ${kind}`, item[kind].count);
      add(figures, `reviews ${kind} stars`, item[kind].sum);
    }
  }
  countAverages(figures);
};

interface ImportFigures {
  readonly source: string;
  readonly file: string;
  readonly reason: string;
  readonly field: string | null;
  readonly rows: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byPayment: Readonly<Record<string, { readonly parts: number; readonly amount: number }>>;
}

const askImports = async (ask: Ask, figures: Figures) => {
  for (const { source, file, reason, field, rows, byStatus, byPayment } of ((await ask('/admin/figures/imports')) as Page<ImportFigures>)
    .items) {
    if (source !== 'olist') continue;
    const name = field === null ? `rejected ${file} ${reason}` : `changed ${file} ${reason} ${field}`;
    add(figures, name, rows);
    if (file !== 'orders') continue;
    for (const [status, orders] of Object.entries(byStatus)) add(figures, `${name} status ${status}`, orders);
    for (const [type, { parts, amount }] of Object.entries(byPayment)) {
      add(figures, `${name} parts ${type}`, parts);
      add(figures, `${name} amount ${type}`, amount);
    }
  }
};

/** Every figure that either side has, in the order of the files, then what only the product has. */
export const verifyOlist = async (directory: string, ask: Ask): Promise<readonly Compared[]> => {
  const files = figuresOfFiles(directory);
  const product: Figures = new Map();
  const sourceOf = await sourceSellers(ask, files);
  await askSales(ask, product, sourceOf);
  await askPayments(ask, product);
  await askBooks(ask, product, sourceOf);
  await askReviews(ask, product);
  await askImports(ask, product);
  const names = [...files.keys(), ...[...product.keys()].filter((name) => !files.has(name))];
  return names.map((figure) => {
    const [inFiles, inProduct] = [files.get(figure) ?? 0, product.get(figure) ?? 0];
    return { figure, files: inFiles, product: inProduct, difference: inProduct - inFiles };
  });
};
