// Reads a command line: which command it names, with which values, or in one sentence what is wrong with it.
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
  /** A whole number between `least` (0) and `most`. Throws UsageError. */
  number(option: string, least?: number, most?: number): number | undefined;
  /** One of these names. Throws UsageError. */
  oneOf<Name extends string>(option: string, names: readonly Name[]): Name | undefined;
  flag(option: string): boolean;
  /** A list with commas. */
  list(option: string): string[];
}

/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type Shapes = Readonly<Record<string, Shape>>;

const everywhere: ParseArgsOptionsConfig = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

const usageOf = (name: string, { usage }: Shape) => `${name}${usage === '' ? '' : ` ${usage}`}`;

/** How many letters have to be put in, taken out, exchanged or swapped with their neighbour to make the one word the other. */
const distance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, n) => n)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1));
      rows[i]?.push(isSwapped ? Math.min(least, at(i - 2, j - 2) + 1) : least);
    }
  }
  return at(a.length, b.length);
};

/** The name that was probably meant, as the end of a sentence; empty where none is near. */
const meant = (given: string, names: readonly string[], shown: (name: string) => string = (name) => name): string => {
  const near = names
    .map((name) => ({ name, far: distance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.far - b.far)[0];
  return near ? `; did you mean ${shown(near.name)}?` : '';
};

/** The one of `names` that `given` is. Throws UsageError. */
export const oneOf = <Name extends string>(what: string, names: readonly Name[], given: string): Name => {
  const found = names.find((name) => name === given);
  if (found === undefined)
    throw new UsageError(`There is no ${what} ${given}${meant(given, names) || '.'} There are: ${names.join(', ')}.`);
  return found;
};

const given = (words: readonly string[], values: ReadonlyMap<string, string | true>): Given => {
  const text = (option: string) => {
    const value = values.get(option);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    words,
    text,
    number(option, least = 0, most = Number.MAX_SAFE_INTEGER) {
      const value = text(option);
      if (value === undefined) return undefined;
      if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${option} takes a whole number, not ${value}.`);
      const found = Number(value);
      if (found < least) throw new UsageError(`--${option} takes a number of at least ${least}, not ${value}.`);
      if (found > most) throw new UsageError(`--${option} takes a number of at most ${most}, not ${value}.`);
      return found;
    },
    oneOf(option, names) {
      const value = text(option);
      return value === undefined ? undefined : oneOf(option, names, value);
    },
    flag: (option) => values.get(option) === true,
    list: (option) => (text(option) ?? '').split(',').flatMap((part) => part.trim() || []),
  };
};

/** The longest name that the line begins with. */
const nameIn = (shapes: Shapes, line: readonly string[]): string | null =>
  [line.slice(0, 2).join(' '), line[0] ?? ''].find((name) => Object.hasOwn(shapes, name)) ?? null;

/** The second words of the commands that begin with this word. */
const groupOf = (shapes: Shapes, first: string): string[] =>
  Object.keys(shapes).flatMap((name) => (name.startsWith(`${first} `) ? name.slice(first.length + 1) : []));

/** Why a line names no command. */
const unknownCommand = (shapes: Shapes, program: string, [first = '', second]: readonly string[]): string => {
  const group = groupOf(shapes, first);
  if (group.length > 0 && second === undefined) return `Say what to do with ${first}: ${group.join(', ')}.`;
  if (group.length > 0)
    return `There is no command "${first} ${second}"${meant(second ?? '', group, (name) => `"${first} ${name}"`) || `; ${first} has ${group.join(', ')}.`}`;
  const firsts = [...new Set(Object.keys(shapes).map((name) => name.split(' ')[0] ?? ''))];
  return `There is no command "${first}"${meant(first, firsts, (name) => `"${name}"`) || '.'} \`${program} --help\` lists all.`;
};

interface Read {
  readonly words: readonly string[];
  readonly values: ReadonlyMap<string, string | true>;
}

const readOptions = (name: string, shape: Shape, args: readonly string[]): Read => {
  const options = { ...everywhere, ...shape.options };
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  const words: string[] = [];
  const values = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) {
      const near = meant(token.name, Object.keys(options), (known) => `--${known}`);
      throw new UsageError(`${name} has no option ${token.rawName}${near || `. Usage: ${usageOf(name, shape)}`}`);
    }
    if (option.type === 'boolean' && token.value !== undefined) throw new UsageError(`--${token.name} takes no value.`);
    if (
      option.type === 'string' &&
      (token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('--')))
    )
      throw new UsageError(`--${token.name} needs a value. Usage: ${usageOf(name, shape)}`);
    if (values.has(token.name)) throw new UsageError(`--${token.name} is given twice.`);
    values.set(token.name, token.value ?? true);
  }
  return { words, values };
};

/** The command that `line` (process.argv without the program) names, and what it is given. Throws UsageError. */
export const readCommand = (shapes: Shapes, program: string, line: readonly string[]): { name: string; given: Given } => {
  const name = nameIn(shapes, line);
  const shape = name === null ? undefined : shapes[name];
  if (name === null || shape === undefined) throw new UsageError(unknownCommand(shapes, program, line));
  const { words, values } = readOptions(name, shape, line.slice(name.split(' ').length));
  const [least, most] = shape.words ?? [0, 0];
  if (words.length < least || words.length > most) throw new UsageError(`Usage: ${usageOf(name, shape)}`);
  return { name, given: given(words, values) };
};

const isHelp = (word: string) => word === '--help' || word === '-h';

/** The commands that somebody asks about: `--help` anywhere, `help` and nothing at all. Null: nobody asks. */
export const helpAskedBy = (shapes: Shapes, line: readonly string[]): readonly string[] | null => {
  if (line.length > 0 && line[0] !== 'help' && !line.some(isHelp)) return null;
  const words = (line[0] === 'help' ? line.slice(1) : line).filter((word) => !word.startsWith('-'));
  const name = nameIn(shapes, words);
  if (name !== null) return [name];
  const group = groupOf(shapes, words[0] ?? '').map((second) => `${words[0]} ${second}`);
  return group.length > 0 ? group : Object.keys(shapes);
};

/** Commands with their usage. */
export const help = (shapes: Shapes, program: string, names: readonly string[] = Object.keys(shapes)): string => {
  const lines = names.flatMap((name) => {
    const shape = shapes[name];
    return shape ? [`  ${usageOf(name, shape)}\n      ${shape.about}`] : [];
  });
  return [
    `Usage: ${program} <command>`,
    '',
    ...lines,
    '',
    'Every command takes --json (one JSON object per line) and --help; --version says which release this is.',
    'Exit codes: 0 done, 1 failed or faults found, 2 the command line or the configuration is wrong, 130 or 143 ended by Ctrl-C or SIGTERM before it was done.',
  ].join('\n');
};
