/**
 * The arrows between the rooms. Each room lists what it may import; everything else fails `npm run lint`.
 * docs/architecture.md draws the same picture.
 */
const rooms = {
  config: [],
  ogc: ['config', 'database/database-unavailable'],
  observability: ['config', 'ogc'],
  database: ['config', 'observability'],
  outgoing: ['config'],
  processes: ['config', 'ogc'],
  openapi: ['config', 'ogc', 'processes'],
  engine: ['config', 'ogc', 'processes'],
  jobs: ['config', 'ogc', 'database', 'processes', 'engine/execution-unit'],
  queues: ['config', 'ogc', 'observability', 'database', 'processes', 'engine', 'jobs'],
  execution: ['config', 'ogc', 'database', 'processes', 'engine', 'jobs', 'queues', 'outgoing'],
  callbacks: ['config', 'database', 'processes', 'jobs', 'outgoing', 'execution'],
  cli: ['config'],
};

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
