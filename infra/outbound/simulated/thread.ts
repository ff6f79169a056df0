// The simulated providers in a thread of their own: they are other people's systems, and must not take the marketplace's time.
import { parentPort, Worker } from 'node:worker_threads';
import { startSimulatedCourier } from './courier.ts';
import { startSimulatedGateway } from './gateway.ts';

export interface ProvidersOptions {
  readonly dataDir: string;
  /** Secrets of those that run here; null for one that runs elsewhere. */
  readonly gatewaySecret: string | null;
  readonly courierSecret: string | null;
  readonly account: string;
}

export interface Providers {
  readonly gatewayUrl: string | null;
  readonly courierUrl: string | null;
  /** Where their webhooks go from now on; null: they wait. */
  deliverTo(gatewayWebhooks: string | null, courierWebhooks: string | null): void;
  close(): Promise<void>;
}

/** Starts those that have a secret, with this clock. */
export const startProviders = async (
  { dataDir, gatewaySecret, courierSecret, account }: ProvidersOptions,
  clock: () => number,
): Promise<Providers> => {
  const here = { dataDir, webhookUrl: null, clock };
  const gateway = gatewaySecret === null ? null : await startSimulatedGateway({ ...here, secret: gatewaySecret, account });
  const courier = courierSecret === null ? null : await startSimulatedCourier({ ...here, secret: courierSecret });
  return {
    gatewayUrl: gateway?.url ?? null,
    courierUrl: courier?.url ?? null,
    deliverTo(gatewayWebhooks, courierWebhooks) {
      gateway?.deliverTo(gatewayWebhooks);
      courier?.deliverTo(courierWebhooks);
    },
    close: async () => {
      await Promise.all([gateway?.close(), courier?.close()]);
    },
  };
};

type ToThread = { readonly deliverTo: readonly [string | null, string | null] } | 'close';
type FromThread = { readonly gatewayUrl: string | null; readonly courierUrl: string | null } | 'closed';

/** Runs in the thread until it is told to close. */
export const runProviders = async (options: ProvidersOptions): Promise<void> => {
  const providers = await startProviders(options, Date.now);
  const tell = (message: FromThread) => parentPort?.postMessage(message);
  parentPort?.on('message', (message: ToThread) => {
    if (message === 'close') void providers.close().then(() => tell('closed'));
    else providers.deliverTo(...message.deliverTo);
  });
  tell({ gatewayUrl: providers.gatewayUrl, courierUrl: providers.courierUrl });
};

/** The same, in a thread and by the system's clock. `entry`: the program, which calls runProviders for the role `providers`. */
export const startProvidersThread = async (entry: URL, options: ProvidersOptions): Promise<Providers> => {
  const worker = new Worker(entry, { workerData: { role: 'providers', options }, resourceLimits: { maxYoungGenerationSizeMb: 8 } });
  const started = Promise.withResolvers<Exclude<FromThread, 'closed'>>();
  const closed = Promise.withResolvers<void>();
  worker.on('message', (message: FromThread) => (message === 'closed' ? closed.resolve() : started.resolve(message)));
  worker.once('error', started.reject);
  const { gatewayUrl, courierUrl } = await started.promise;
  // From now on nobody listens for an error of the thread: it ends the process, loudly, instead of leaving it without providers.
  worker.off('error', started.reject);
  const tell = (message: ToThread) => worker.postMessage(message);
  return {
    gatewayUrl,
    courierUrl,
    deliverTo: (gatewayWebhooks, courierWebhooks) => tell({ deliverTo: [gatewayWebhooks, courierWebhooks] }),
    close: async () => {
      tell('close');
      await closed.promise;
      await worker.terminate();
    },
  };
};
