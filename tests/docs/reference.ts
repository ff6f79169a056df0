// The text of docs/reference.md, out of the code that it describes.
import { z } from 'zod';
import { commands } from '../../cli.ts';
import { sagas } from '../../commands/sagas/registry.ts';
import { deciders, type EventDefinition, eventSchemas } from '../../domain/registry.ts';
import { help } from '../../infra/cli/arguments.ts';
import { configTable } from '../../infra/config.ts';
import { errorsTable } from '../../infra/http/errors.ts';
import { projections } from '../../projections/registry.ts';

/** Names of the fields beside `type`; those that are always sealed are in italics. */
const fieldsOf = ({ schema, personal }: EventDefinition): string => {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape).filter((name) => name !== 'type') : [];
  return names.map((name) => (personal.includes(name) ? `*${name}*` : name)).join(', ');
};

const eventsOf = (category: string): string => {
  const own = [...eventSchemas].filter(([type]) => type.startsWith(`${category}.`));
  const rows = own.map(([type, definition]) => `| \`${type}\` | ${definition.version} | ${fieldsOf(definition)} |`);
  return [`### ${category}-&lt;id&gt;`, '', '| type | version | fields |', '|---|---|---|', ...rows].join('\n');
};

const sagaNames = new Set(sagas.map(({ process }) => process.category));

const readModels = projections
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ name, version, onPoison }) => `| \`${name}\` | ${version} | ${onPoison === 'stop' ? 'stops' : 'parks the row'} |`);

export const reference = (): string => `# Reference

Written by a test out of the code; edit the code, then run \`npx vitest run tests/docs -u\`. The routes are in the OpenAPI document of a running
marketplace: \`/docs\` to read, \`/openapi.json\` for programs. What is published to Kafka is in [asyncapi.json](asyncapi.json), also at \`/asyncapi.json\`.

## Settings

Environment variables, read once at the start. An empty one counts as not set. An unknown name that could only be meant for this program, or a
contradiction, stops the start with exit code 2. \`main.ts config\` prints what is in use, secrets masked.

${configTable()}

## Command line

\`npx node main.ts …\` runs the pinned Node; any Node from 24 on does. While a process owns DATA_DIR, commands talk to it; otherwise they open the data themselves.
Beside a fleet they take its settings, and ask the process of role \`projections\` about read models.

\`\`\`
${help(commands, 'node main.ts')}
\`\`\`

## Error codes

A refusal is \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, \`code\`, \`requestId\`; where there is more to say also
\`details\`, and for bad input \`errors\`, which names each field at fault. 429 and 503 carry Retry-After where a time is known.

${errorsTable()}

## Events

By the streams that they stand in. Every event also has the metadata \`eventId\`, \`commandId\`, \`correlationId\`, \`causationId\`, \`actor\`,
\`occurredAt\`, \`recordedAt\`, \`schemaVersion\`, \`hash\` and, if it was imported, \`origin\`. Fields in italics hold personal data: they are sealed with their person's key.
These streams are sagas: ${[...sagaNames].map((name) => `\`${name}\``).join(', ')}.

${[...deciders.keys()].toSorted().map(eventsOf).join('\n\n')}

## Read models

The names that \`main.ts projections\` takes, and what a row does whose events cannot be folded. Beside them \`search\` and \`analytics\` follow the log and can be rebuilt by these names.

| name | version | poison |
|---|---|---|
${readModels.join('\n')}
`;
