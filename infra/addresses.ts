// The addresses of engines, in every form in which operators name a cluster: what is taken, and what of it are hosts.
// NOTE: imports nothing, for the configuration is read before anything is loaded.

const host = String.raw`(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?`;
const hosts = `${host}(?:,${host})*`;
/** As it must be written in an address: what separates its parts is percent-encoded. */
const userAndPassword = String.raw`(?:[^:@/?#\s]*:[^:@/?#\s]*@)?`;
const query = String.raw`(?:\?[^\s#?]+=[^\s#?]*)?`;

/** Options that the client knows, whatever their case, with `_` and `-` or without. It prints an address with one that it does not know, password and all. */
const eventStoreOptions = new Set([
  ...['usercertfile', 'userkeyfile', 'maxdiscoverattempts', 'connectionname', 'defaultdeadline', 'discoveryinterval', 'gossiptimeout'],
  ...['nodepreference', 'tls', 'tlsverifycert', 'tlscafile', 'throwonappendfailure', 'keepaliveinterval', 'keepalivetimeout'],
]);

const eventStore = new RegExp(String.raw`^(?:esdb|kurrentdb)(?<discover>\+discover)?://${userAndPassword}(?<hosts>${hosts})/?${query}$`);
const postgres = new RegExp(String.raw`^postgres(?:ql)?://(?:[^@/?#\s]*@)?(?<hosts>${hosts})?(?:/[^\s?#]*)?(?:\?\S*)?$`);
const sentinels = new RegExp(
  String.raw`^rediss?\+sentinel://${userAndPassword}(?<hosts>${hosts})/(?<name>[\w.-]+)(?:/(?<db>\d+))?${query}$`,
);

const isUrl = (text: string, wanted: RegExp): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, host: named } = new URL(text);
  return wanted.test(protocol) && !named.includes(',');
};

/** One node, several, or a name whose addresses are the nodes. */
export const isEventStoreAddress = (text: string): boolean => {
  const found = eventStore.exec(text)?.groups;
  if (!found || (found.discover && found.hosts?.includes(','))) return false;
  const [, options = ''] = text.split('?', 2);
  return options
    .split('&')
    .every((option) => option === '' || eventStoreOptions.has(option.replace(/=.*/, '').replace(/[_-]/g, '').toLowerCase()));
};

/** KurrentDB is what EventStoreDB is called since version 25; the client knows the older name alone. */
export const esdbAddress = (text: string): string => text.replace(/^kurrentdb(?=\+discover:|:)/, 'esdb');

/** The same address for each of the hosts that it names, in their order. */
export const eachHost = (text: string): readonly [string, ...string[]] => {
  const [, before = '', names = '', after = ''] = /^(\S+?:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/.exec(text) ?? [];
  const [first = '', ...others] = names.split(',').map((name) => `${before}${name}${after}`);
  return before === '' ? [text] : [first, ...others];
};

/** One host, or several as libpq takes them. */
export const isPostgresAddress = (text: string): boolean =>
  postgres.test(text) && eachHost(text).every((one) => isUrl(one, /^postgres(ql)?:$/));

export const isRedisAddress = (text: string): boolean => sentinels.test(text) || isUrl(text, /^rediss?:$/);

export interface Sentinels {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** What they call the server that they watch. */
  readonly name: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly db: number;
  readonly tls: boolean;
}

/** Who is asked where Redis is, or null for an address of Redis itself. */
export const sentinelsIn = (text: string): Sentinels | null => {
  const found = sentinels.exec(text)?.groups;
  if (!found) return null;
  const each = eachHost(text).map((one) => new URL(one));
  const decoded = (part: string | null | undefined) => (part ? decodeURIComponent(part) : undefined);
  return {
    hosts: each.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 26_379) })),
    name: found.name ?? '',
    username: decoded(each[0]?.username),
    password: decoded(each[0]?.password),
    sentinelPassword: each[0]?.searchParams.get('sentinelPassword') ?? undefined,
    db: Number(found.db ?? 0),
    tls: text.startsWith('rediss'),
  };
};

/** Addresses of nodes of one cluster, with commas between them. */
export const nodesIn = (text: string): readonly string[] => text.split(/,(?=\s*https?:)/).map((node) => node.trim());

export const areHttpAddresses = (text: string): boolean => nodesIn(text).every((node) => isUrl(node, /^https?:$/));

/** The same without users, passwords and options. */
export const withoutSecrets = (text: string): string =>
  text
    .split(/,(?=\s*\w+:\/\/)/)
    .map((one) =>
      one
        .trim()
        .replace(/\/\/[^/?#]*@/, '//')
        .replace(/[?#].*$/, ''),
    )
    .join(',');
