// Latin letters as a keyboard without accents writes them: what search folds words to, and what addresses are made of.

/** Letters that Unicode does not take apart into a base letter and a mark. */
const alone: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', þ: 'th', ð: 'd', đ: 'd', ł: 'l', ı: 'i', ȷ: 'j', ħ: 'h', ŋ: 'ng', ŧ: 't', ĸ: 'k', ə: 'e' },
  ...{ ƀ: 'b', ɓ: 'b', ƈ: 'c', ɖ: 'd', ɗ: 'd', ǝ: 'e', ɛ: 'e', ƒ: 'f', ǥ: 'g', ɠ: 'g', ɣ: 'g', ɨ: 'i', ɩ: 'i', ƙ: 'k', ƚ: 'l' },
  ...{ ɫ: 'l', ɲ: 'n', ƞ: 'n', ɔ: 'o', ɵ: 'o', ƥ: 'p', ʂ: 's', ƭ: 't', ʈ: 't', ʉ: 'u', ʊ: 'u', ʋ: 'v', ƴ: 'y', ƶ: 'z', ȥ: 'z', ʒ: 'z' },
};
const standingAlone = new RegExp(`[${Object.keys(alone).join('')}]`, 'gu');
const marks = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}]\p{M}*)\p{M}/gu;
/** What chooses how the character before it is drawn: it is nothing that anybody could type. */
const variants = /[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: every character of ASCII is meant
const ascii = /^[\u0000-\u007f]*$/;

/**
 * Lower case, Latin letters without marks (`Straße` is `strasse`, `Łódź` is `lodz`, `ışık` is `isik`). In scripts whose marks are vowels
 * (Thai, Khmer, Devanagari) they are kept, since words would become others without them.
 */
export const plainLetters = (text: string): string =>
  ascii.test(text)
    ? text.toLowerCase()
    : text
        .normalize('NFKD')
        .replace(variants, '')
        .replace(marks, '')
        .toLowerCase()
        .replace(standingAlone, (letter) => alone[letter] ?? letter)
        .normalize('NFC');
