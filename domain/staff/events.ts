// What the stream of those who administer the market may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { open } from '../privacy.ts';

const userId = open(z.string());

export const SuperAdminAdded = z.object({ type: z.literal('staff.super_admin_added'), userId });
export const SuperAdminRemoved = z.object({ type: z.literal('staff.super_admin_removed'), userId });

export const StaffEvent = z.discriminatedUnion('type', [SuperAdminAdded, SuperAdminRemoved]);
export type StaffEvent = z.infer<typeof StaffEvent>;
