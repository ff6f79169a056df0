// Where goods stand. Orders are taken from one location; a market with several decides before a checkout from which.

/** The location from which checkouts take goods. */
export const defaultLocation = 'main';
