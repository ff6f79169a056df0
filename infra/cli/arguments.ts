// Reads a command line: which command it names, with which values, or what is wrong with it.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** How a command is called. Its name is one word or two; `usage` shows what comes after it; `words`: how many values, at least and at most. */
export interface Shape {
  readonly usage: string;
  readonly about: string;
  readonly words?: readonly [least: number, most: number];
  readonly options?: ParseArgsOptionsConfig;
}

/** What was given to a command. */
export interface Given {
  readonly words: readonly string[];
  text(option: string): string | undefined;
  /** A whole number of at least 0. Throws UsageError. */
  number(option: string): number | undefined;
  flag(option: string): boolean;
  /** A list with commas. */
  list(option: string): string[];
}

/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const everywhere: ParseArgsOptionsConfig = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

const usageOf = (name: string, { usage }: Shape) => `${name}${usage === '' ? '' : ` ${usage}`}`;

const given = (words: readonly string[], values: Readonly<Record<string, unknown>>): Given => {
  const text = (option: string) => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    words,
    text,
    number(option) {
      const value = text(option);
      if (value === undefined) return undefined;
      if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${option} takes a whole number, not ${value}.`);
      return Number(value);
    },
    flag: (option) => values[option] === true,
    list: (option) => (text(option) ?? '').split(',').flatMap((part) => part.trim() || []),
  };
};

/** The longest name that the line begins with. */
const nameIn = (shapes: Readonly<Record<string, Shape>>, line: readonly string[]): string | null =>
  [line.slice(0, 2).join(' '), line[0] ?? ''].find((name) => Object.hasOwn(shapes, name)) ?? null;

/** The command that `line` (process.argv without the program) names, and what it is given. Throws UsageError. */
export const readCommand = (shapes: Readonly<Record<string, Shape>>, line: readonly string[]): { name: string; given: Given } => {
  const name = nameIn(shapes, line);
  const shape = name === null ? undefined : shapes[name];
  if (name === null || shape === undefined) {
    throw new UsageError(line.length === 0 ? 'Say what to do.' : `There is no command "${line.slice(0, 2).join(' ')}".`);
  }
  let parsed: { positionals: string[]; values: Readonly<Record<string, unknown>> };
  try {
    const args = line.slice(name.split(' ').length);
    parsed = parseArgs({ args, options: { ...everywhere, ...shape.options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\nUsage: ${usageOf(name, shape)}`);
  }
  const [least, most] = shape.words ?? [0, 0];
  const count = parsed.positionals.length;
  const helping = parsed.values.help === true;
  if (!helping && (count < least || count > most)) throw new UsageError(`Usage: ${usageOf(name, shape)}`);
  return { name, given: given(parsed.positionals, parsed.values) };
};

/** All commands with their usage, or one of them. */
export const help = (shapes: Readonly<Record<string, Shape>>, program: string, only?: string): string => {
  const names = Object.keys(shapes).filter((name) => only === undefined || name === only);
  const lines = names.map((name) => `  ${usageOf(name, shapes[name] as Shape)}\n      ${shapes[name]?.about}`);
  return [
    `Usage: ${program} <command>`,
    '',
    ...lines,
    '',
    'Every command takes --json (one JSON object per line) and --help.',
    'Exit codes: 0 done, 1 failed or faults found, 2 the command line or the configuration is wrong.',
  ].join('\n');
};
