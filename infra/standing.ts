// Where a marketplace stands after it was carried from one place to another: it must run at one place alone, and not on half of it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Queryable } from './postgres.ts';

/** `moving`: this place is being filled from `other`. `moved`: what stood here stands at `other` now. */
export interface Standing {
  readonly state: 'moving' | 'moved';
  readonly other: string;
  readonly at: string;
}

/** The marketplace stands elsewhere, or is not here as a whole. */
export class StandsElsewhere extends Error {
  override readonly name = 'StandsElsewhere';

  constructor({ state, other, at }: Standing, lift: string) {
    super(
      state === 'moving'
        ? `A move from ${other} to here, begun ${at}, is not at its end: run the same \`move\` again, it goes on from there.`
        : `This marketplace was moved to ${other} at ${at}: start it there. To go on here instead, with what stood here then, ${lift}.`,
    );
  }
}

const fileIn = (dataDir: string) => join(dataDir, 'standing.json');

export const standingOfFolder = (dataDir: string): Standing | null =>
  existsSync(fileIn(dataDir)) ? (JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as Standing) : null;

/** null: it stands here, and may run. */
export const setStandingOfFolder = (dataDir: string, standing: Standing | null): void => {
  if (standing) writeFileSync(fileIn(dataDir), JSON.stringify(standing), { mode: 0o600 });
  else rmSync(fileIn(dataDir), { force: true });
};

/** Throws StandsElsewhere. */
export const mustStandInFolder = (dataDir: string): void => {
  const standing = standingOfFolder(dataDir);
  if (standing) throw new StandsElsewhere(standing, `remove ${fileIn(dataDir)}`);
};

export const standingOfVault = async (database: Queryable, schema = 'vault'): Promise<Standing | null> =>
  (await database.query<Standing>(`SELECT state, other, at FROM "${schema}".standing`))[0] ?? null;

export const setStandingOfVault = async (database: Queryable, standing: Standing | null): Promise<void> => {
  await database.query('DELETE FROM vault.standing');
  if (!standing) return;
  await database.query('INSERT INTO vault.standing (state, other, at) VALUES ($1, $2, $3)', [standing.state, standing.other, standing.at]);
};

/** Throws StandsElsewhere. */
export const mustStandInVault = async (database: Queryable, schema: string): Promise<void> => {
  const standing = await standingOfVault(database, schema);
  if (standing) throw new StandsElsewhere(standing, `run: DELETE FROM ${schema}.standing`);
};
