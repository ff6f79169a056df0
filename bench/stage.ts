// What the load is given to work with, and what one operation of it is.
import type { Client } from './client.ts';

export interface SeededProduct {
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
}

export interface Seeded {
  readonly products: readonly SeededProduct[];
  readonly categories: readonly string[];
  /** What everybody wants at once. */
  readonly hot: SeededProduct;
}

export interface Buyer {
  readonly id: string;
  readonly token: string;
}

export interface Stage {
  readonly seeded: Seeded;
  /** Buyers with access tokens that were minted for this run. */
  readonly buyers: readonly Buyer[];
}

/** The n-th operation of a run, over all clients. Answers what came of it: `ok`, `ok: …` to count an outcome apart, or the name of a failure. */
export type Operation = (client: Client, n: number) => Promise<string>;
