// Loaded before a process of a fleet: connections to some addresses go to others. For servers that tell their clients where they live,
// so that no proxy's address in the configuration would keep them from going straight there.
import net from 'node:net';

/** Such as `127.0.0.1:9092=127.0.0.1:40123`, with commas. */
const ways = new Map(
  (process.env.DETOURS ?? '').split(',').map((way): [string, string] => {
    const [from = '', to = ''] = way.split('=');
    return [from, to];
  }),
);

const straight = net.connect;

const connect = (options: net.TcpNetConnectOpts, heard?: () => void): net.Socket => {
  const to = ways.get(`${options.host}:${options.port}`);
  if (to === undefined) return straight(options, heard);
  const [host = '', port = ''] = to.split(':');
  return straight({ ...options, host, port: Number(port) }, heard);
};

Object.assign(net, { connect });
