// The wire to EventStoreDB (22.10 or newer): appends, pages and a subscription, as bytes. It rests on the client 6.2.1 for the choice of the
// node, the way to a new leader and the messages, and makes the calls itself, because that client
// - sends appends without credentials down one shared BatchAppend stream, on which one failure fails all that are under way,
// - gives reads no deadline, and
// - parses and writes anew the JSON that it carries, while the audit chain is over bytes.
import { readFileSync } from 'node:fs';
import { EventStoreDBClient, UnavailableError } from '@eventstore/db-client';
import { type ConnectionOptions, parseConnectionString } from '@eventstore/db-client/dist/Client/parseConnectionString.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type ServiceError, status } from '@grpc/grpc-js';
import { esdbAddress } from '../addresses.ts';
import { type Proposed, type StreamAppend, sendInOrder } from './eventstoredb-batches.ts';

/** An event as it comes back. `position` is its place in $all, or NaN where the server does not say. */
export interface Read {
  readonly id: string;
  readonly streamId: string;
  readonly revision: number;
  readonly position: number;
  readonly type: string;
  readonly metadata: string;
  readonly data: string;
}

/** What an append came to; `position` is that of its last event, or null where the server does not say. `actual` -1: there is no stream. */
export type Appended = { readonly ok: true; readonly position: number | null } | { readonly ok: false; readonly actual: number };

/** A refusal of which it is certain that nothing was done, and that will not pass. */
const final = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
  status.OUT_OF_RANGE,
]);

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && typeof error.code === 'number';

/** Whether the same may succeed later. After an append nobody knows whether it was done. */
export const mayPass = (error: unknown): boolean => !isServiceError(error) || !final.has(error.code);

/** Whether the server refused because the stream was deleted for good. */
export const isDeleted = (error: unknown): boolean => isServiceError(error) && error.metadata.get('exception').includes('stream-deleted');

const exact = (text: string): number => {
  const position = Number(text);
  return Number.isSafeInteger(position) ? position : Number.NaN;
};

const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

const readOf = (answer: streams.ReadResp): Read | null => {
  const event = answer.getEvent()?.getEvent();
  if (!event) return null;
  return {
    id: event.getId()?.getString() ?? '',
    streamId: text(event.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()),
    revision: Number(event.getStreamRevision()),
    position: exact(event.getCommitPosition()),
    type: event.getMetadataMap().get('type') ?? '',
    metadata: text(event.getCustomMetadata_asU8()),
    data: text(event.getData_asU8()),
  };
};

const identifierOf = (streamId: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(streamId));
const positionOf = (position: number) =>
  new streams.ReadReq.Options.Position().setCommitPosition(String(position)).setPreparePosition(String(position));

const request = (options: streams.ReadReq.Options) => {
  if (!options.hasFilter()) options.setNoFilter(new shared.Empty());
  const uuids = new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty());
  return new streams.ReadReq().setOptions(options.setResolveLinks(false).setUuidOption(uuids));
};

/** Only what administrators have said of streams; the server looks at so many events at a time. */
const onlyMetadata = () => {
  const types = new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList(['$metadata', '$streamDeleted']);
  return new streams.ReadReq.Options.FilterOptions().setEventType(types).setMax(10_000);
};

const { FORWARDS, BACKWARDS } = streams.ReadReq.Options.ReadDirection;

const headerOf = (streamId: string, expected: number) => {
  const options = new streams.AppendReq.Options().setStreamIdentifier(identifierOf(streamId));
  if (expected < 0) options.setNoStream(new shared.Empty());
  else options.setRevision(String(expected));
  return new streams.AppendReq().setOptions(options);
};

const proposalOf = ({ id, type, metadata, data }: Proposed) => {
  const message = new streams.AppendReq.ProposedMessage().setId(new shared.UUID().setString(id)).setCustomMetadata(metadata).setData(data);
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return new streams.AppendReq().setProposedMessage(message);
};

const appendedOf = (answer: streams.AppendResp): Appended => {
  const conflict = answer.getWrongExpectedVersion();
  if (conflict) return { ok: false, actual: conflict.hasCurrentRevision() ? Number(conflict.getCurrentRevision()) : -1 };
  const position = answer.getSuccess()?.getPosition();
  return { ok: true, position: position ? exact(position.getCommitPosition()) : null };
};

const fileOf = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));

/** The defaults of a cluster: a node that does not answer must not hold a command up for long. */
const discovery = ({ maxDiscoverAttempts = 5, gossipTimeout = 1, discoveryInterval = 100, nodePreference }: ConnectionOptions) => ({
  maxDiscoverAttempts,
  gossipTimeout,
  discoveryInterval,
  ...(nodePreference && { nodePreference }),
});

/** A page and a deadline in milliseconds. */
interface Page {
  readonly limit: number;
  readonly within: number;
}

export class Connection extends EventStoreDBClient {
  /** `url`: esdb://, kurrentdb:// or the same with +discover, with user and password in it. */
  constructor(url: string) {
    const options = parseConnectionString(esdbAddress(url));
    const { dnsDiscover, hosts, tls = true, defaultCredentials, tlsCAFile, userCertFile, userKeyFile, connectionName } = options;
    const [first] = hosts;
    if (!first) throw new TypeError('EVENTSTORE_URL names no host');
    const files = { rootCertificate: fileOf(tlsCAFile), userCertFile: fileOf(userCertFile), userKeyFile: fileOf(userKeyFile) };
    const given = Object.fromEntries(Object.entries(files).filter(([, file]) => file));
    const channel = tls ? given : { insecure: true };
    const common = { keepAliveInterval: options.keepAliveInterval ?? 10_000, keepAliveTimeout: options.keepAliveTimeout ?? 5_000 };
    const settings = { ...common, ...(connectionName !== undefined && { connectionName }) };
    const credentials = tls ? defaultCredentials : undefined; // nothing secret goes over plain text
    if (dnsDiscover) super({ ...settings, ...discovery(options), discover: first }, channel, credentials);
    else if (hosts.length > 1) super({ ...settings, ...discovery(options), endpoints: hosts }, channel, credentials);
    else super({ ...settings, endpoint: first }, channel, credentials);
    // NOTE: the client calls this and waits for nothing: where the search for a node fails meanwhile, nobody would handle the rejection.
    // Whoever asks next searches again and is told.
    const reconnect = this.handleError;
    this.handleError = (client, error) => reconnect(client, error).catch(() => {});
  }

  /** Appends all of the events at exactly this revision (-1: there must be no stream), or none. The same again, to the byte, is done once. */
  appendEvents(streamId: string, expected: number, events: readonly Proposed[], within: number): Promise<Appended> {
    return this.execute(
      StreamsClient,
      'append',
      (grpc) =>
        new Promise<Appended>((resolve, reject) => {
          const [metadata, options] = this.callArguments({ deadline: within, requiresLeader: true });
          const call = grpc.append(metadata, options, (error, answer) => (error ? reject(error) : resolve(appendedOf(answer))));
          call.on('error', reject);
          call.write(headerOf(streamId, expected));
          for (const event of events) call.write(proposalOf(event));
          call.end();
        }),
    );
  }

  /** Appends all of these in this order, many of them under way at once; see sendInOrder. */
  appendInOrder(
    appends: readonly StreamAppend[],
    options: { readonly within: number; readonly onDone: (count: number) => void },
  ): Promise<void> {
    return this.execute(StreamsClient, 'append', (grpc) =>
      sendInOrder(
        grpc.batchAppend(...this.callArguments({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY })),
        appends,
        options,
      ),
    );
  }

  /** Events of a stream from revision `from` on; none where there is no stream. */
  pageOfStream(streamId: string, from: number, { limit, within }: Page): Promise<Read[]> {
    const place = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifierOf(streamId)).setRevision(String(from));
    const options = new streams.ReadReq.Options().setStream(place).setReadDirection(FORWARDS).setCount(String(limit));
    return this.page(options, within);
  }

  /** The last event of a stream, or null where there is no stream. */
  async lastOfStream(streamId: string, within: number): Promise<Read | null> {
    const place = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifierOf(streamId)).setEnd(new shared.Empty());
    const options = new streams.ReadReq.Options().setStream(place).setReadDirection(BACKWARDS).setCount('1');
    return (await this.page(options, within))[0] ?? null;
  }

  /** Events of $all in order, the one at `from` first; null: from the beginning. */
  pageOfAll(from: number | null, { limit, within }: Page): Promise<Read[]> {
    const all = new streams.ReadReq.Options.AllOptions();
    if (from === null) all.setStart(new shared.Empty());
    else all.setPosition(positionOf(from));
    return this.page(new streams.ReadReq.Options().setAll(all).setReadDirection(FORWARDS).setCount(String(limit)), within);
  }

  /** The same, but only the events that say how long streams are kept, or that they were deleted. */
  pageOfMetadata(from: number | null, { limit, within }: Page): Promise<Read[]> {
    const all = new streams.ReadReq.Options.AllOptions();
    if (from === null) all.setStart(new shared.Empty());
    else all.setPosition(positionOf(from));
    const options = new streams.ReadReq.Options().setAll(all).setReadDirection(FORWARDS).setCount(String(limit)).setFilter(onlyMetadata());
    return this.page(options, within);
  }

  /** Events of $all before position `before` (null: from the end), the last one first. */
  pageOfAllBackwards(before: number | null, { limit, within }: Page): Promise<Read[]> {
    const all = new streams.ReadReq.Options.AllOptions();
    if (before === null) all.setEnd(new shared.Empty());
    else all.setPosition(positionOf(before));
    return this.page(new streams.ReadReq.Options().setAll(all).setReadDirection(BACKWARDS).setCount(String(limit)), within);
  }

  private page(options: streams.ReadReq.Options, within: number): Promise<Read[]> {
    return this.execute(
      StreamsClient,
      'read',
      (grpc) =>
        new Promise<Read[]>((resolve, reject) => {
          const call = grpc.read(request(options), ...this.callArguments({ requiresLeader: true }, { deadline: Date.now() + within }));
          const events: Read[] = [];
          call.on('data', (answer: streams.ReadResp) => {
            const event = readOf(answer);
            if (event) events.push(event);
          });
          call.on('error', reject);
          call.on('end', () => resolve(events));
        }),
    );
  }

  /** Hands on every event of $all after position `after` (null: all), in order, for ever, and waits for `take` each time. Ends by `signal` or by throwing. */
  follow(after: number | null, take: (events: readonly Read[]) => Promise<void>, signal: AbortSignal): Promise<void> {
    const all = new streams.ReadReq.Options.AllOptions();
    if (after === null) all.setStart(new shared.Empty());
    else all.setPosition(positionOf(after));
    const options = new streams.ReadReq.Options().setAll(all).setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
    return this.execute(StreamsClient, 'follow', async (grpc) => {
      if (signal.aborted) return;
      const call = grpc.read(request(options), ...this.callArguments({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY }));
      call.on('error', () => {}); // whoever iterates is told; what comes after the end is nobody's
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel);
      try {
        let page: Read[] = [];
        for await (const answer of call) {
          const event = readOf(answer);
          if (event) page.push(event);
          if (page.length === 0 || (call.readableLength > 0 && page.length < 1_000)) continue;
          await take(page);
          page = [];
        }
        throw new Error('the server ended the subscription');
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
        call.cancel();
      }
    });
  }

  /** The next calls go over a new connection: the present one answers nothing, and nobody has told that it is gone. */
  async renew(): Promise<void> {
    const given = () => Promise.reject(new UnavailableError());
    await this.execute(StreamsClient, 'renew', given).catch(() => {});
  }

  async close(): Promise<void> {
    await this.dispose();
    // While no node is found there is nothing to close.
    const channel = await this.getChannel().catch(() => null);
    channel?.close();
  }
}
