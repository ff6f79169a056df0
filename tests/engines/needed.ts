// Addresses of real servers for the suites that cannot do without: a missing one fails its suite, so that no proof is left out in silence.

/** The environment variable of this name. Throws when it is not set. */
export const needed = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the engines (see CONTRIBUTING.md), or give the address of your own.`);
  return value;
};
