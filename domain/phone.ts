// How telephone numbers are compared: however one is written, it is one number.

/** Digits with the country's code in front. A number without one is Indonesian, as the market is. NOTE: contacts are named by a hash of this text. */
export const normalPhone = (phone: string): string => {
  const digits = phone.replace(/\D/g, '').replace(/^00/, '');
  const isInternational = /^\D*(\+|00)/.test(phone) || digits.startsWith('62');
  return (isInternational ? digits : `62${digits}`).replace(/^620+/, '62');
};
