/**
 * The arrows between the rooms. Each room lists what it may import; everything else fails `npm run lint`.
 * The rooms stand in layers, the lowest first: a room imports only rooms above it in this list, so there is no ring.
 * docs/architecture.md draws the same picture.
 */
const rooms = {
  config: [],
  ogc: ['config'],
  observability: ['config', 'ogc'],
  outgoing: ['config'],
  database: ['config', 'ogc', 'observability'],
  deliveries: ['config', 'outgoing', 'database'],
  processes: ['config', 'ogc'],
  blocks: ['config', 'ogc', 'database', 'processes'],
  storage: ['config', 'ogc', 'outgoing', 'blocks'],
  uploads: ['config', 'ogc', 'outgoing', 'database', 'storage'],
  flows: ['config', 'ogc', 'processes'],
  openapi: ['config', 'ogc', 'processes'],
  engine: ['config', 'ogc', 'database/storable-text', 'processes', 'blocks/secrets/known-secrets', 'storage', 'flows'],
  jobs: ['config', 'ogc', 'database', 'processes', 'blocks/block-usage', 'storage', 'engine/execution-unit'],
  subscriptions: ['config', 'ogc', 'outgoing', 'database', 'deliveries', 'jobs'],
  tasks: ['config', 'ogc', 'database', 'processes', 'storage', 'flows', 'engine/execution-unit', 'jobs'],
  queues: [
    'config',
    'ogc',
    'observability',
    'database',
    'processes',
    'blocks',
    'storage',
    'uploads',
    'flows',
    'engine',
    'jobs',
    'tasks',
  ],
  graphs: ['config', 'ogc', 'processes', 'flows', 'engine', 'jobs', 'tasks'],
  execution: [
    'config',
    'ogc',
    'outgoing',
    'database',
    'processes',
    'blocks',
    'storage',
    'uploads',
    'engine',
    'jobs',
    'queues',
  ],
  callbacks: ['config', 'database', 'deliveries', 'processes', 'jobs', 'execution'],
  local: ['config', 'ogc', 'outgoing', 'processes', 'storage', 'flows', 'engine', 'execution'],
  cli: ['config'],
};

const layers = Object.keys(rooms);
for (const [room, allowed] of Object.entries(rooms)) {
  const lower = layers.slice(0, layers.indexOf(room));
  const wrong = allowed.filter((path) => !lower.includes(path.split('/', 1)[0]));
  if (wrong.length > 0) throw new Error(`src/${room} may not import ${wrong.join(', ')}: only rooms listed before it.`);
}

const arrows = Object.entries(rooms).map(([room, allowed]) => ({
  name: `arrows-of-${room}`,
  comment: `src/${room} may import ${allowed.join(', ') || 'no other room'}. Move the code, or the wall, but not the arrow.`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/[^/]+/', pathNot: [`^src/${room}/`, ...allowed.map((path) => `^src/${path}(/|\\.ts$)`)] },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one subject, or hide a third one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'rooms-do-not-know-the-roots',
      comment: 'A room never imports a composition root or an entry point; the command line loads them when called.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: ['\\.spec\\.ts$', '^src/cli/', '^src/engine/executor-main\\.ts$'] },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'workers-without-http',
      comment: 'A worker loads neither HTTP server nor OpenAPI; what only the API needs belongs to an API module.',
      severity: 'error',
      from: { path: '^src/worker-modules\\.ts$' },
      to: { path: '\\.(controller|openapi)\\.ts$|/http/[^/]*\\.dto\\.ts$|^src/openapi/', reachable: true },
    },
    {
      name: 'no-tests-in-production',
      comment: 'Shipped code must not import tests.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/|\\.spec\\.ts$' },
    },
    {
      name: 'no-dev-dependencies-in-production',
      comment: 'What runs in production is a dependency, not a development dependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import must resolve.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.data)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
