// Which addresses of pictures are taken.
import { expect, it } from 'vitest';
import { PublicAddress } from './web-address.ts';

it.each([
  ['https://img.example.com/1.png', 'https://img.example.com/1.png'],
  ['https://IMG.Example.com/a b.png?x=1', 'https://img.example.com/a%20b.png?x=1'],
  ['https://xn--bcher-kva.example/1.png', 'https://xn--bcher-kva.example/1.png'],
  ['https://bücher.example/1.png', 'https://xn--bcher-kva.example/1.png'],
  ['https://example.com:443/1.png', 'https://example.com/1.png'],
])('%s is kept as %s', (given, kept) => expect(PublicAddress.parse(given)).toBe(kept));

it.each([
  'http://example.com/1.png',
  'ftp://example.com/1.png',
  'javascript:alert(1)',
  'data:image/png;base64,AAAA',
  '//example.com/1.png',
  '/1.png',
  'https://localhost/1.png',
  'https://LOCALHOST./1.png',
  'https://x.localhost/1.png',
  'https://printer/1.png',
  'https://printer.local/1.png',
  'https://metadata.google.internal/x',
  'https://db.internal./x',
  'https://router.lan/x',
  'https://1.0.0.127.in-addr.arpa/x',
  'https://127.0.0.1/x',
  'https://127.1/x',
  'https://2130706433/x',
  'https://0x7f000001/x',
  'https://0177.0.0.1/x',
  'https://１２７.0.0.1/x',
  'https://8.8.8.8/x',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://user@example.com/x',
  'https://user:word@example.com/x',
  'https://example.com:8443/x',
  'https://example.com:22/x',
  'https://a..example.com/x',
  `https://example.com/${'x'.repeat(2_000)}`,
])('%s is refused', (given) => expect(PublicAddress.safeParse(given).success).toBe(false));
