// PostgreSQL on several hosts: the form that libpq takes (postgres://user:password@a,b/name?target_session_attrs=read-write) and `pg` does not.
import { Client, type ClientConfig, type PoolConfig } from 'pg';
import { eachHost } from './addresses.ts';

/** A host that answers, but is a standby where one that can be written is wanted. */
export class OnlyRead extends Error {
  override readonly name = 'OnlyRead';

  constructor() {
    super('this host can only be read');
  }
}

const mustWrite = (url: string) => /[?&]target_session_attrs=(read-write|primary)\b/.test(url);

const checkWritable = async (client: { query(text: string): Promise<{ rows: { transaction_read_only?: string }[] }> }): Promise<void> => {
  const { rows } = await client.query('SHOW transaction_read_only');
  if (rows[0]?.transaction_read_only === 'on') throw new OnlyRead();
};

export interface Hosts {
  /** What a pool needs so that its connections go to the present host. */
  readonly pool: Pick<PoolConfig, 'Client' | 'verify' | 'connectionString'>;
  /** Opens a connection; where that fails, on each of the other hosts in turn. Throws what the last one threw. */
  connect<T>(open: () => Promise<T>): Promise<T>;
}

export const hostsOf = (url: string): Hosts => {
  const urls = eachHost(url);
  if (urls.length === 1) return { pool: { connectionString: url }, connect: (open) => open() };
  let turn = 0;
  class ToPresentHost extends Client {
    constructor(config?: ClientConfig) {
      super({ ...config, connectionString: urls[turn % urls.length] });
    }
  }
  return {
    pool: {
      Client: ToPresentHost,
      ...(mustWrite(url) && { verify: (client, done) => void checkWritable(client).then(() => done(), done) }),
    },
    async connect(open) {
      for (let tries = 1; ; tries += 1) {
        const tried = turn;
        try {
          return await open();
        } catch (error) {
          // Nobody is at fault where all connections of this process are in use.
          const isFull = error instanceof Error && error.message.startsWith('timeout exceeded');
          if (turn === tried && !isFull) turn += 1;
          if (tries >= urls.length || isFull) throw error;
        }
      }
    },
  };
};

/** The address of the first of the hosts that takes a connection; of one host, its own. Throws what the last one threw. */
export const presentHost = async (url: string, connectionTimeoutMillis: number): Promise<string> => {
  const urls = eachHost(url);
  if (urls.length === 1) return url;
  let failure: unknown;
  for (const one of urls) {
    const client = new Client({ connectionString: one, connectionTimeoutMillis, query_timeout: connectionTimeoutMillis });
    try {
      await client.connect();
      if (mustWrite(url)) await checkWritable(client);
      return one;
    } catch (error) {
      failure = error;
    } finally {
      client.end().catch(() => {});
    }
  }
  throw failure;
};
