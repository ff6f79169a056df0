// The saga instances of the whole marketplace.

import { CheckoutEvent } from '../../domain/checkout/events.ts';
import { checkoutProcess } from '../../domain/checkout/process.ts';
import { collection } from '../../domain/collection/collection.ts';
import { CollectionEvent } from '../../domain/collection/events.ts';
import { erasure } from '../../domain/erasure/erasure.ts';
import { ErasureEvent } from '../../domain/erasure/events.ts';
import { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import { fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import { OnboardingEvent } from '../../domain/onboarding/events.ts';
import { onboarding } from '../../domain/onboarding/onboarding.ts';
import { ReconciliationEvent } from '../../domain/reconciliation/events.ts';
import { reconciliation } from '../../domain/reconciliation/reconciliation.ts';
import { RefundEvent } from '../../domain/refund/events.ts';
import { refund } from '../../domain/refund/refund.ts';
import { sagaInstances } from './instances.ts';

const typesOf = (union: { readonly options: readonly { readonly shape: { readonly type: { readonly value: string } } }[] }) =>
  union.options.map((option) => option.shape.type.value);

export const allSagaInstances = sagaInstances(
  [checkoutProcess, collection, erasure, fulfilment, onboarding, reconciliation, refund],
  [CheckoutEvent, CollectionEvent, ErasureEvent, FulfilmentEvent, OnboardingEvent, ReconciliationEvent, RefundEvent].flatMap((union) =>
    typesOf(union),
  ),
);
