// How many guesses a new password would stand, by the patterns that people use: known passwords, words, names, years, keyboard rows, and what is known of the person.
import { DomainError } from '../../domain/error.ts';

/** What an Indonesian shop's customers would think of, beside the lists of leaked passwords and of the language's words. */
const marketWords = `
  tokobapak bapak belanja rahasia rahasiaku katasandi katasandiku sandi sayangku cintaku sayangkamu cintakamu akucintakamu akusayangkamu
  bismillah alhamdulillah assalamualaikum subhanallah muhammad anakjalanan persib persija persebaya arema garuda merdeka pancasila
  indomie nasigoreng ayamgoreng kopisusu tehbotol martabak rendang bakso jakarta bandung surabaya indonesia
`
  .trim()
  .split(/\s+/);

/** Fewer guesses than this are made in minutes against a stolen hash, and are the first against a sign-in. Eight random characters stand 10^8. */
const minGuesses = 10 ** 6.5;
/** Looking costs milliseconds up to here, and grows with the square of the length: of longer passwords both ends are looked at. */
const maxLookedAt = 20;

type Estimate = (text: string, personal: string[]) => number;

let estimating: Promise<Estimate> | undefined;

/** The lists take 40 MB and a fifth of a second: loaded when somebody first chooses a password. */
const load = async (): Promise<Estimate> => {
  const [{ ZxcvbnFactory }, common, indonesian] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-id'),
  ]);
  const dictionary = { passwords: common.dictionary['passwords-common'], ...indonesian.dictionary, market: marketWords };
  // Without a bound on substitutions, some texts of 30 characters take seconds.
  const checker = new ZxcvbnFactory({ dictionary, graphs: common.adjacencyGraphs, maxLength: maxLookedAt, l33tMaxSubstitutions: 4 });
  return (text, personal) => checker.check(text, personal).guesses;
};

/** `abab` is `ab`: what repeats itself is no longer for it. */
const isPeriodic = (text: string) => (text + text).indexOf(text, 1) < text.length;

/** What is looked at of a password; nothing: it is long enough by itself. */
const partsOf = (text: string): string[] => {
  if (text.length <= maxLookedAt || isPeriodic(text)) return [text.slice(0, maxLookedAt)];
  return text.length <= 2 * maxLookedAt ? [text.slice(0, maxLookedAt), text.slice(-maxLookedAt)] : [];
};

/** The words of a name or an e-mail address, that anybody who knows the person tries first. */
const wordsOf = (personal: readonly string[]): string[] => {
  const whole = personal.slice(0, 5).map((text) => text.slice(0, 254).toLowerCase());
  const words = whole.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length >= 3);
  return [...new Set([...whole, ...words])].slice(0, 50);
};

/** Whether hardly anything is left of the password without the person's own words. */
const isPersonal = (text: string, words: readonly string[]): boolean => {
  const own = words.filter((word) => word.length >= 4).sort((a, b) => b.length - a.length);
  const left = own.reduce((rest, word) => rest.replaceAll(word, ''), text).replace(/[^\p{L}\p{N}]/gu, '');
  return left.length < 5 && left.length < text.replace(/[^\p{L}\p{N}]/gu, '').length;
};

/** Throws `auth.password_weak` (details.reason `too_common`) for a password that would soon be guessed; `plain` is normalised. */
export const mustBeStrong = async (plain: string, personal: readonly string[]): Promise<void> => {
  const text = plain.toLowerCase();
  const parts = partsOf(text);
  if (parts.length === 0) return;
  estimating ??= load();
  const estimate = await estimating;
  const known = wordsOf(personal);
  const guesses = Math.max(...parts.map((part) => estimate(part, known)));
  // An exclamation mark at the end is what everybody adds first.
  const core = text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  const isCoreWeak = core.length >= 4 && core !== text && text.length <= maxLookedAt && estimate(core, known) < minGuesses / 10;
  if (guesses < minGuesses || isCoreWeak || isPersonal(text, known))
    throw new DomainError('auth.password_weak', 'This password is among the first that anybody would try.', { reason: 'too_common' });
};
