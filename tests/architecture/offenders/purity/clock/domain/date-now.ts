export const soon = () => new Date(Date.now() + 1);
