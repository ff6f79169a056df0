import { describe, expect, it } from 'vitest';
import { normalEmail } from '../../domain/email.ts';
import { Email, line, lines, Phone } from './text.ts';

const takes = (schema: { safeParse(value: unknown): { success: boolean } }, text: string) => schema.safeParse(text).success;

describe('one line', () => {
  it.each(['Siti', 'José Ñandú', 'Nguyễn Thị Bích', '王小明', 'محمد', 'नी‌ता', '👩‍👩‍👧 Toko', 'Ibu "Ani" & anak', 'O’Neill', '🏳️‍🌈 Warna'])(
    'may be %s',
    (text) => expect(takes(line(120), text)).toBe(true),
  );
  it.each([
    ...[
      '\u200b',
      '\u200b\u200b',
      'An\u200bi',
      'An\u200di',
      'Ani\u200c',
      'A\ufeffni',
      'A\u2060ni',
      'A\u00adni',
      '\u3164',
      '\u2800',
      'A\u034fni',
    ],
    ...['An\r\ni', 'An\ni', 'An\ti', 'An\0i', 'An\u0007i', 'An\u0085i', 'An\u2028i', 'An\u009bi'],
    ...['An\u202ei', '\u2066Ani\u2069', 'An\u200fi', 'An\u061ci', '\ud800', 'An\udc00i', 'A\ue000', 'A\u{e0041}', 'A\uffff', ' ', ''],
  ])('may not be %j', (text) => expect(takes(line(120), text)).toBe(false));
});

describe('several lines', () => {
  it('may have breaks and tabs, and nothing else that is not seen', () => {
    expect(takes(lines(100), 'Kopi\r\n\tGayo\n')).toBe(true);
    for (const text of ['Kopi\0', 'Kopi\u202e', 'Ko\u200bpi', 'Kopi\u001b[31m']) expect(takes(lines(100), text)).toBe(false);
  });
});

describe('an e-mail address', () => {
  it.each([
    'info@köffer.example',
    'm&m@example.com',
    "o'neill+tag@sub.example.co.id",
    'a@xn--kffer-jua.example',
    '用户@例子.广告',
    'x@日本語.jp',
  ])('may be %s', (text) => expect(takes(Email, text)).toBe(true));
  it.each([
    ...['plain', '@example.com', 'a@', 'a@b', 'a b@example.com', 'a@exa mple.com', '.a@example.com', 'a..b@example.com', 'a@-x.com'],
    ...[
      'a@example..com',
      'a@127.0.0.1',
      'a@[::1]',
      'a\n@example.com',
      'a@example.com\nBcc: b@c.de',
      'a\u200b@example.com',
      'a@ex\u202eample.com',
    ],
    `${'a'.repeat(65)}@example.com`,
  ])('may not be %j', (text) => expect(takes(Email, text)).toBe(false));
  it('is the same in letters and in punycode, in any case and composition', () => {
    const one = normalEmail('info@köffer.example');
    for (const same of ['INFO@KÖFFER.example', 'info@xn--kffer-jua.example', 'info@ko\u0308ffer.example', ' Info@XN--KFFER-JUA.EXAMPLE '])
      expect(normalEmail(same)).toBe(one);
    expect(normalEmail('Ani@Example.com')).toBe('ani@example.com');
  });
});

describe('a telephone number', () => {
  it.each(['+62 811-000-1112', '0811 000 1112', '(021) 555 1234', '+1 (415) 555-0100'])('may be %s', (text) =>
    expect(takes(Phone, text)).toBe(true),
  );
  it.each(['12345', 'call me', '+62 811 000 1112 ext. 5', '1'.repeat(16), '------', '0811\n000'])('may not be %j', (text) =>
    expect(takes(Phone, text)).toBe(false),
  );
});
