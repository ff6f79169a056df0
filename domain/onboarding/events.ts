// What the stream of a seller's onboarding may contain. These schemas are the storage contract: change them only by a new version and an upcaster.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { open } from '../privacy.ts';
import { decided } from '../process.ts';

const id = () => open(z.string());
const common = { sellerId: id(), userId: id(), at: open(Instant) };

/** The intent: the person behind the approved seller gets the role. */
export const RoleRequested = z.object({ type: z.literal('onboarding.role_requested'), ...common });
export const OnboardingCompleted = z.object({ type: z.literal('onboarding.completed'), ...common });
export const OnboardingRefused = z.object({ type: z.literal('onboarding.command_refused'), ...common, code: id() });

/** An operator's decision about the role that was refused. */
export const OnboardingResolved = z.object({ type: z.literal('onboarding.resolved'), ...common, ...decided });

export const OnboardingEvent = z.discriminatedUnion('type', [RoleRequested, OnboardingCompleted, OnboardingRefused, OnboardingResolved]);
export type OnboardingEvent = z.infer<typeof OnboardingEvent>;
