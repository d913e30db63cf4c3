/** The scheme and the base are kept here because later drafts of the standard spell these URIs with https. */
const OGC_RELATIONS = 'http://www.opengis.net/def/rel/ogc/1.0';

/** The link relations in use: IANA names, and those OGC 18-062r2 defines. */
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
} as const;
