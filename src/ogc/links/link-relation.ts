/** The scheme and the base are kept here because later drafts of the standard spell these URIs with https. */
const OGC_RELATIONS = 'http://www.opengis.net/def/rel/ogc/1.0';

/** For what no standard has a word for (RFC 8288 section 2.1.2). */
const OWN_RELATIONS = 'https://sluice.dev/relations';

/** For relations that no standard names. */
const OUR_RELATIONS = 'https://sluice.dev/rel';

/** The link relations in use: IANA names, those OGC 18-062r2 defines, and a few of our own. */
export const LinkRelation = {
  self: 'self',
  alternate: 'alternate',
  up: 'up',
  next: 'next',
  prev: 'prev',
  status: 'status',
  monitor: 'monitor',
  profile: 'profile',
  license: 'license',
  serviceDescription: 'service-desc',
  serviceDocumentation: 'service-doc',
  conformance: `${OGC_RELATIONS}/conformance`,
  processes: `${OGC_RELATIONS}/processes`,
  jobList: `${OGC_RELATIONS}/job-list`,
  execute: `${OGC_RELATIONS}/execute`,
  results: `${OGC_RELATIONS}/results`,
  exceptions: `${OGC_RELATIONS}/exceptions`,
  log: `${OGC_RELATIONS}/log`,
  tasks: `${OUR_RELATIONS}/tasks`,
  artifacts: `${OUR_RELATIONS}/artifacts`,
  graph: `${OUR_RELATIONS}/graph`,
  parentJob: `${OUR_RELATIONS}/parent-job`,
  childJob: `${OUR_RELATIONS}/child-job`,
  retryOf: `${OUR_RELATIONS}/retry-of`,
  cachedFrom: `${OUR_RELATIONS}/cached-from`,
  deliveries: `${OUR_RELATIONS}/deliveries`,
  blocks: `${OUR_RELATIONS}/blocks`,
  blockType: `${OUR_RELATIONS}/block-type`,
  events: `${OWN_RELATIONS}/events`,
} as const;
