import { leaseContract } from './contract.ts';
import { localLeases } from './local.ts';

leaseContract('one process', async () => {
  const leases = localLeases();
  return { one: leases, two: leases, remove: async () => {} };
});
