// How telephone numbers are compared: however one is written, it is one number.

/** Digits with the country's code in front. A number without one is Indonesian, as the market is. NOTE: contacts are named by a hash of this text. */
export const normalPhone = (phone: string): string => {
  const digits = phone.replace(/\D/g, '').replace(/^00/, '');
  return digits.startsWith('0') ? `62${digits.slice(1)}` : digits;
};
