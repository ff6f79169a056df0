// Who may import whom. tests/architecture/boundaries.test.ts breaks each rule once, so that each is seen to fail.

const tests = ['\\.test\\.ts$', '^tests/', '[/.]contract\\.ts$'];
const layer = (name) => ({ path: `^${name}/`, pathNot: tests });
const packages = '(^|/)node_modules/';
const port = '^infra/.+[/.]port\\.ts$';
const basics = '^domain/[^/]+\\.ts$';

/** What the layers above infra may take from Node: computing, never I/O. */
const harmless = '^(node:)?(assert|async_hooks|buffer|crypto|events|perf_hooks|stream|string_decoder|url|util)(/|$)';
const engines = `${packages}(@clickhouse|@elastic|@eventstore|@kurrent|@aws-sdk|chdb|ioredis|kafkajs|knex|mongodb|pg|pino|prom-client|redis|undici)/`;
const web = `${packages}(hono|@hono)/`;

/** The layer may import only `allowed`, of our own files; packages and Node's own modules have rules of their own. */
const only = (from, allowed) => ({ from, to: { pathNot: [...allowed, packages], dependencyTypesNot: ['core'] } });

/** Aggregates that are one service may know each other: a checkout plans the orders that it becomes. */
const families = ['order|checkout'];
/** What its owner publishes: tables, the terms of a sale, the shares of a payment, the entries of the books. All that follows a sale speaks of them. */
const published = ['^domain/(payment/(deadlines|shares)|order/terms|ledger/(events|entries))\\.ts$'];

const noSiblings = [
  { name: 'no-sibling-folder', own: '([^/]+)', others: families.map((family) => `/(${family})/`), home: '$2' },
  ...families.map((family) => ({ name: 'no-folder-beyond-the-family', own: `(${family})`, others: [], home: `(${family})` })),
].map(({ name, own, others, home }) => ({
  name,
  comment: 'A service never imports the folder of another in its layer; what two of them share stands above both.',
  severity: 'error',
  from: { path: `^(domain|commands|projections|read-api|write-api)/${own}/`, pathNot: [...tests, ...others] },
  to: { path: '^$1/[^/]+/', pathNot: [`^$1/${home}/`, ...published] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'domain-imports-itself-and-zod',
      comment: 'The rules of the business are pure: no I/O, no framework, nothing of ours but themselves.',
      severity: 'error',
      from: layer('domain'),
      to: { pathNot: ['^domain/', `${packages}zod/`] },
    },
    {
      name: 'commands-import-domain-and-ports',
      comment: 'Commands load, decide and append through ports. They decide on streams alone, never on a projection.',
      severity: 'error',
      ...only({ path: '^commands/', pathNot: [...tests, '^commands/sagas/run\\.ts$'] }, ['^commands/', '^domain/', port]),
    },
    {
      name: 'saga-runner-imports-saga-rows',
      comment: 'The sender reads the table of open intents and timers, which is a projection: its rows, and no other.',
      severity: 'error',
      ...only({ path: '^commands/sagas/run\\.ts$' }, ['^commands/', '^domain/', port, '^projections/sagas[/.]']),
    },
    {
      name: 'projections-import-domain-and-ports',
      comment: 'A read model knows events and its table; not who wrote them, not who asks.',
      severity: 'error',
      ...only(layer('projections'), ['^projections/', '^domain/', port]),
    },
    {
      name: 'write-api-imports-commands',
      comment:
        'The write edge parses, calls a command and answers. Ports as well: it seals personal data (vault) and keeps keys and limits.',
      severity: 'error',
      ...only(layer('write-api'), ['^write-api/', '^commands/', '^domain/', '^infra/http/', port]),
    },
    {
      name: 'read-api-imports-rows-and-basics',
      comment: 'The read edge answers rows as they are stored: no command, no aggregate.',
      severity: 'error',
      ...only(layer('read-api'), ['^read-api/', '^projections/', basics, '^infra/http/', port]),
    },
    {
      name: 'rows-are-types',
      comment: 'Whoever reads a projection knows the shape of its rows, not its fold.',
      severity: 'error',
      from: { path: '^(read-api|commands)/', pathNot: tests },
      to: { path: '^projections/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'infra-imports-infra-and-basics',
      comment: 'Engines know envelopes and bytes, never an aggregate, a command, a projection or an API.',
      severity: 'error',
      ...only(layer('infra'), ['^infra/', basics]),
    },
    {
      name: 'adapters-stay-behind-ports',
      comment:
        'What stands beside a port is used in its own folder; infra/connect*.ts alone choose among adapters. (http, telemetry and gateway have no adapters.)',
      severity: 'error',
      from: { path: '^infra/(?!connect[a-z-]*\\.ts$)([^/]+)', pathNot: tests },
      to: { path: '^infra/(?!http/|telemetry/|gateway/)[^/]+/(?!port\\.ts$|[^/]+[/.]port\\.ts$)', pathNot: '^infra/$1/' },
    },
    {
      name: 'io-stays-in-infra',
      comment: 'Files, sockets and processes are reached through ports.',
      severity: 'error',
      from: { path: '^(commands|projections|read-api|write-api)/', pathNot: tests },
      to: { dependencyTypes: ['core'], pathNot: harmless },
    },
    {
      name: 'engines-stay-in-infra',
      comment: 'Clients of engines, loggers and meters appear in adapters alone.',
      severity: 'error',
      from: { pathNot: ['^infra/', ...tests] },
      to: { path: engines },
    },
    {
      name: 'web-framework-stays-at-the-edge',
      comment: 'Commands and projections do not know that there is HTTP.',
      severity: 'error',
      from: { path: '^(commands|projections)/', pathNot: tests },
      to: { path: web },
    },
    ...noSiblings,
    {
      name: 'main-is-the-top',
      comment: 'Only the files at the root put the parts together, with infra/connect*.ts; no layer imports them.',
      severity: 'error',
      from: { pathNot: ['^[^/]+\\.ts$', '^infra/connect[a-z-]*\\.ts$', ...tests] },
      to: { path: ['^[^/]+\\.ts$', '^infra/connect[a-z-]*\\.ts$'] },
    },
    {
      name: 'tests-stay-outside',
      comment: 'What runs in production does not know its tests.',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'no-development-packages',
      comment: 'What runs in production is installed in production (npm ci --omit=dev).',
      severity: 'error',
      from: { pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that is imported stands in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'Every import leads to a file.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      comment: 'Types count too: two files that need each other are one, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      comment: 'Import from the file that defines the thing: an index.ts hides who needs what and breeds cycles.',
      severity: 'error',
      from: { pathNot: packages },
      to: { path: '(^|/)index\\.[cm]?[jt]sx?$', pathNot: packages },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that imports nobody is dead.',
      severity: 'error',
      from: { orphan: true, pathNot: [...tests, '^main\\.ts$'] },
      to: {},
    },
  ],
  options: {
    parser: 'swc', // NOTE: dependency-cruiser cannot use TypeScript 7; swc sees imports of types too, which couple just as well
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(bench|web)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
