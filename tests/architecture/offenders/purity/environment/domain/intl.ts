export const price = (amount: number) => new Intl.NumberFormat().format(amount);
