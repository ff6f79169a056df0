// The AsyncAPI 3.0 document: what this market tells the world over Kafka, built from the contracts of its messages.
import { z } from 'zod';
import { cloudEvent, type PublicType, publicMessages, schemaName } from '../../domain/public-messages.ts';

type Json = { [key: string]: unknown };

/** Other characters than these mean something in a JSON pointer or to a code generator. */
const nameOf = (type: PublicType) => type.replace('.', '_');

const schemaOf = (type: PublicType): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(cloudEvent(type, publicMessages[type].data), { reused: 'inline', io: 'input' });
  return { $id: schemaName(type), ...json };
};

const text = (description: string) => ({ type: 'string', description });

const headers = {
  type: 'object',
  required: ['content-type', 'eventId', 'revision', 'position', 'schemaVersion'],
  properties: {
    'content-type': { type: 'string', const: 'application/cloudevents+json; charset=UTF-8' },
    eventId: text('As `id`: a message that comes twice has the same.'),
    revision: text('As `revision`, in decimal digits.'),
    position: text('The number in `position`, in decimal digits: it rises from message to message of one key.'),
    schemaVersion: text('Version of the message, in decimal digits.'),
  },
};

const description = `Every message is a CloudEvent 1.0 in structured mode. Its key is the id of the aggregate that it is about; messages of one key and topic
stay in order, and nothing is promised across keys or topics. A message may come more than once, with the same \`id\`: drop what you have seen, or what
has no higher \`position\` than the last of its key. It holds ids and public facts; who may know more asks the API. Fields may be added; nothing is taken away
or changes its meaning but in a new version, which is sent beside the old one for a while.`;

/** The document of all public topics of the deployment `namespace`. */
export const asyncapi = (info: { readonly title: string; readonly version: string }, namespace: string): Json => {
  const types = Object.keys(publicMessages).toSorted() as PublicType[];
  const each = (make: (type: PublicType) => Json) => Object.fromEntries(types.map((type) => [nameOf(type), make(type)]));
  return {
    asyncapi: '3.0.0',
    info: { ...info, description },
    defaultContentType: 'application/cloudevents+json',
    channels: each((type) => ({
      address: `${namespace}.${type}`,
      description: publicMessages[type].when,
      messages: { [nameOf(type)]: { $ref: `#/components/messages/${nameOf(type)}` } },
      bindings: { kafka: { topic: `${namespace}.${type}`, bindingVersion: '0.5.0' } },
    })),
    operations: each((type) => ({
      action: 'send',
      channel: { $ref: `#/channels/${nameOf(type)}` },
      messages: [{ $ref: `#/channels/${nameOf(type)}/messages/${nameOf(type)}` }],
    })),
    components: {
      messages: each((type) => ({
        name: type,
        title: publicMessages[type].when,
        contentType: 'application/cloudevents+json',
        headers: { $ref: '#/components/schemas/Headers' },
        payload: { $ref: `#/components/schemas/${nameOf(type)}` },
        bindings: {
          kafka: { key: { type: 'string', description: `Id of the ${publicMessages[type].subject}.` }, bindingVersion: '0.5.0' },
        },
      })),
      schemas: { Headers: headers, ...each(schemaOf) },
    },
  };
};
