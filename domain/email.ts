// How e-mail addresses are compared: two that reach the same mailbox in practice are one.

/** The domain as DNS knows it (köffer.example is xn--kffer-jua.example); what cannot be one stays as it is. */
export const asciiDomain = (domain: string): string => {
  if (/^[\x20-\x7e]*$/.test(domain)) return domain;
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return domain;
  }
};

/** NOTE: claims are named by a hash of this text; another spelling would let an address be claimed twice. */
export const normalEmail = (email: string): string => {
  const text = email.trim().normalize('NFKC').toLowerCase();
  const at = text.lastIndexOf('@') + 1;
  return text.slice(0, at) + asciiDomain(text.slice(at));
};
