import { describe, expect, it } from 'vitest';
import { normalPhone } from './phone.ts';

describe('a telephone number', () => {
  it.each([
    '0812 1234 5678',
    '+62 812-1234-5678',
    '0062 812 1234 5678',
    '62.812.1234.5678',
    '+62 (0)812 1234 5678',
    '(0812) 12345678',
    '81212345678',
  ])('is the same as %s', (written) => expect(normalPhone(written)).toBe('6281212345678'));
  it('of another country keeps its code', () => expect(normalPhone('+1 (415) 555-0100')).toBe('14155550100'));
});
