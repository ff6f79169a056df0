// Turns Indonesian text into the words that are indexed and searched: folded, synonyms joined, stop words dropped, affixes stripped.
import { plainLetters } from '../../domain/letters.ts';
import { roots, standIns, stopWords, synonyms } from './words.ts';

const shortestStem = 4;

/** Lower case and without accents, words separated by one blank. A mark that stands on no letter is no word. */
export const fold = (text: string): string =>
  plainLetters(text)
    .replace(/(?<![\p{L}\p{N}\p{M}])\p{M}+|[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();

/** Scripts that put no blank between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;

/**
 * Any two neighbours of a text without blanks, so that a word is found wherever it stands in it. A document (`isIndexed`) has the letters
 * alone as well, for words of one letter.
 */
const neighbours = (text: string, isIndexed: boolean): string[] => {
  const letters = [...text];
  if (letters.length === 1) return letters;
  const pairs = letters.slice(1).map((letter, n) => `${letters[n]}${letter}`);
  return isIndexed ? [...pairs, ...letters] : pairs;
};

const withoutUnspaced = (raw: readonly string[], isIndexed: boolean): { spaced: string[]; pairs: string[] } => {
  const pairs: string[] = [];
  const spaced = raw.flatMap((word) =>
    word
      .replace(unspaced, (text) => {
        pairs.push(...neighbours(text, isIndexed));
        return ' ';
      })
      .split(' ')
      .filter((rest) => rest !== ''),
  );
  return { spaced, pairs };
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: every character of ASCII is meant
const ascii = /^[\u0000-\u007f]*$/;

/** The words that a query asks for. Those of a document are made the same way, so a wrongly stripped affix still matches itself. */
export const words = (text: string): string[] => wordsOf(text, false);
/** The words by which a document is found. */
export const indexedWords = (text: string): string[] => wordsOf(text, true);

const wordsOf = (text: string, isIndexed: boolean): string[] => {
  const folded = fold(text);
  if (folded === '') return [];
  const all = folded.split(' ');
  if (ascii.test(folded)) return meanings(all);
  const { spaced, pairs } = withoutUnspaced(all, isIndexed);
  return [...meanings(spaced), ...pairs];
};

const meanings = (raw: readonly string[]): string[] => {
  const result: string[] = [];
  for (let i = 0; i < raw.length; i++) {
    const word = raw[i] ?? '';
    const phrase = i + 1 < raw.length ? synonyms.get(`${word} ${raw[i + 1]}`) : undefined;
    if (phrase !== undefined) {
      result.push(phrase);
      i += 1;
    } else if (!stopWords.has(word)) result.push(meaning(word));
  }
  return result;
};

/** The indexed form of one folded word. */
export const meaning = (word: string): string => {
  const whole = synonyms.get(word);
  if (whole !== undefined) return whole;
  const bare = stem(word);
  return synonyms.get(bare) ?? bare;
};

/** Strips -nya, then one of -kan, -an, -i, then one prefix (me-, ber-, di-, ter-, pe- and their forms). What would get too short is kept. */
export const stem = (word: string): string => {
  if (isRoot(word)) return word;
  const own = strip(word, /nya$/);
  if (isRoot(own)) return own;
  // NOTE: the prefix is tried with the suffix still on as well, since `memanggang` must not lose its `-an` look-alikes.
  const prefixed = withoutPrefix(own);
  if (isRoot(prefixed)) return prefixed;
  const unsuffixed = strip(own, /(kan|an|i)$/);
  if (isRoot(unsuffixed)) return unsuffixed;
  const shortSuffix = strip(own, /an$/);
  if (isRoot(shortSuffix)) return shortSuffix;
  return withoutPrefix(unsuffixed);
};

const isRoot = (word: string) => roots.has(word) || standIns.has(word) || /\d/.test(word);

const strip = (word: string, affix: RegExp): string => {
  const rest = word.replace(affix, '');
  return rest.length >= shortestStem ? rest : word;
};

/** Each prefix with the letters that it may have swallowed from the root, most likely last. */
const prefixes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(?:me|pe)ny(?=[aeiou])/, ['s']],
  [/^(?:me|pe)ng(?=[aeiou])/, ['k', '']],
  [/^(?:me|pe)ng(?=[ghk])/, ['']],
  [/^(?:me|pe)m(?=[aeiou])/, ['p', 'm']],
  [/^(?:me|pe)m(?=[bfpv])/, ['']],
  [/^(?:me|pe)n(?=[aeiou])/, ['t', 'n']],
  [/^(?:me|pe)n(?=[cdjstz])/, ['']],
  [/^(?:per|ber|ter)/, ['r', '']],
  [/^(?:me|pe)(?=[lmnrwy])/, ['']],
  [/^di/, ['']],
];

const withoutPrefix = (word: string): string => {
  for (const [prefix, swallowed] of prefixes) {
    if (!prefix.test(word)) continue;
    const rest = word.replace(prefix, '');
    const candidates = swallowed.map((letter) => letter + rest);
    const known = candidates.find((candidate) => isRoot(candidate) || isRoot(strip(candidate, /(kan|an|i)$/)));
    if (known !== undefined) return isRoot(known) ? known : strip(known, /(kan|an|i)$/);
    const last = candidates.at(-1) ?? word;
    return last.length >= shortestStem ? last : word;
  }
  return word;
};

/** Every word at one typing error from `word`: a letter too many, too few, wrong, or two neighbours swapped. */
export const oneTypoAway = (word: string): string[] => {
  const letters = /\d/.test(word) ? 'abcdefghijklmnopqrstuvwxyz0123456789' : 'abcdefghijklmnopqrstuvwxyz';
  const found = new Set<string>();
  for (let i = 0; i <= word.length; i++) {
    const [head, tail] = [word.slice(0, i), word.slice(i)];
    for (const letter of letters) {
      found.add(head + letter + tail);
      if (tail !== '') found.add(head + letter + tail.slice(1));
    }
    if (tail !== '') found.add(head + tail.slice(1));
    if (tail.length > 1) found.add(head + tail.charAt(1) + tail.charAt(0) + tail.slice(2));
  }
  found.delete(word);
  return [...found];
};
