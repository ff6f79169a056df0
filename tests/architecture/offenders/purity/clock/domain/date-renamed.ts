const Clock = Date;
export const now = () => new Clock();
