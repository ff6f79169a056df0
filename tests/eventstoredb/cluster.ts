// A cluster for tests: nodes that share one log, one of which leads. Nodes can be killed, started again and made to hang.
import { failures } from './errors.ts';
import { type ServedNode, serveNode } from './stand-in.ts';
import { openStreams } from './streams.ts';
import { openWay, type Way } from './way.ts';

export interface Cluster {
  /** For the client: `esdb://a,b,c?tls=false`. */
  readonly url: string;
  /** The same by one address that knows the others: `esdb+discover://a?tls=false`. */
  readonly discoverUrl: string;
  /** Index of the node that leads; null while there is none. */
  leader(): number | null;
  faults(index: number): ServedNode['faults'];
  /** Ends a node as if its process were killed: connections break, and the others elect a leader if they are most of the nodes. */
  kill(index: number): void;
  /** Starts a killed node on its old address. */
  start(index: number): Promise<void>;
  /** The node takes connections and answers nothing, as a stopped process does. */
  hang(index: number): void;
  resume(index: number): void;
  close(): Promise<void>;
}

interface Place {
  health: 'up' | 'hung' | 'down';
  readonly way: Way;
  readonly served: ServedNode;
}

export const startCluster = async (directory: string, size = 3): Promise<Cluster> => {
  const streams = await openStreams(directory);
  const places: Place[] = [];
  let leader: number | null = null;

  const isUp = ({ health }: Place) => health === 'up';

  /** Whoever leads goes on leading while it can; else the first node that is up takes over, if most are. */
  const elect = () => {
    const before = leader === null ? null : (places[leader] ?? null);
    if (places.filter(isUp).length * 2 <= size) leader = null;
    else if (!before || !isUp(before)) leader = places.findIndex(isUp);
    if (before && isUp(before) && leader === null) before.served.faults.dropSubscriptions();
  };

  const stateOf = (index: number) => {
    if (leader === null) return 'unknown';
    return index === leader ? 'leader' : 'follower';
  };
  const members = () =>
    places.map((place, index) => ({ host: '127.0.0.1', port: place.way.port, state: stateOf(index), isAlive: isUp(place) }) as const);

  const serve = (index: number) =>
    serveNode(streams, {}, (self) => ({
      members,
      async meet(method) {
        const leading = leader === null ? null : places[leader];
        if (!leading) return failures.notReady();
        return leader === index ? self.faults.meet(method) : failures.notLeader('127.0.0.1', leading.way.port);
      },
    }));

  for (let index = 0; index < size; index += 1) {
    const served = await serve(index);
    places.push({ health: 'up', served, way: await openWay(served.port) });
  }
  elect();

  const placeOf = (index: number): Place => {
    const found = places[index];
    if (!found) throw new RangeError(`there is no node ${index}`);
    return found;
  };
  const become = (index: number, health: Place['health']) => {
    placeOf(index).health = health;
    elect();
  };
  const address = ({ way }: Place) => `127.0.0.1:${way.port}`;
  return {
    url: `esdb://${places.map(address).join(',')}?tls=false`,
    discoverUrl: `esdb+discover://${address(placeOf(0))}?tls=false`,
    leader: () => leader,
    faults: (index) => placeOf(index).served.faults,
    kill(index) {
      placeOf(index).way.cut();
      become(index, 'down');
    },
    async start(index) {
      await placeOf(index).way.open();
      become(index, 'up');
    },
    hang(index) {
      placeOf(index).way.hang();
      become(index, 'hung');
    },
    resume(index) {
      placeOf(index).way.wake();
      become(index, 'up');
    },
    async close() {
      await streams.log.settled();
      for (const { way, served } of places) {
        way.cut();
        served.stop();
      }
      await streams.log.close();
    },
  };
};
