import { type Checks, classOf, type Requirement } from './requirement.js';
import { standardOf, type StandardVersion } from './standard-version.js';
import { openApi30Checks, openApiChecks } from './requirements/api-definition.js';
import { descriptionChecks } from './requirements/descriptions.js';
import { landingChecks, processChecks } from './requirements/discovery.js';
import { inputChecks, modeChecks } from './requirements/inputs.js';
import { callbackChecks, dismissChecks, jobListChecks, jsonChecks } from './requirements/jobs.js';
import { kvpChecks } from './requirements/kvp-execute.js';
import { jobChecks, synchronousChecks } from './requirements/results.js';
import {
  describedChecks,
  dismissalChecks,
  jobsChecks,
  jsonResourceChecks,
  profileChecks,
} from './requirements/version-2-classes.js';
import { coreChecks } from './requirements/version-2.js';

const rows = (version: StandardVersion, ...groups: Checks[]): Requirement[] =>
  groups.flatMap((checks) => Object.entries(checks).map(([id, check]) => ({ version, id, check })));

/** Every requirement that is checked, in the order in which it is; the definition of the API comes last. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...rows('1.0', landingChecks, processChecks, inputChecks, modeChecks, synchronousChecks, jobChecks),
  ...rows('1.0', descriptionChecks, jsonChecks, jobListChecks, callbackChecks, dismissChecks),
  ...rows('2.0', coreChecks, describedChecks, jsonResourceChecks, jobsChecks, callbackChecks, dismissalChecks),
  ...rows('2.0', kvpChecks, profileChecks),
  ...rows('1.0', openApi30Checks),
  ...rows('2.0', openApiChecks),
];

/** The 2.0 classes of definitions share the requirements of the class `oas`, which is never claimed alone. */
const ABSTRACT_CLASSES: Readonly<Record<string, string>> = { oas30: 'oas', oas31: 'oas' };

const COMMON = 'http://www.opengis.net/spec/ogcapi-common-1/1.0/conf';
const fromCore = [
  'landingpage-op',
  'landingpage-success',
  'api-definition-op',
  'api-definition-success',
  'conformance-op',
  'conformance-success',
  'http',
];

/** OGC API - Common - Part 1, whose classes Processes 1.0 builds on and restates: the requirements that prove them. */
const COMMON_CLASSES: Readonly<Record<string, readonly string[]>> = {
  [`${COMMON}/core`]: fromCore.map((name) => `/req/core/${name}`),
  [`${COMMON}/json`]: Object.keys(jsonChecks),
  [`${COMMON}/oas30`]: Object.keys(openApi30Checks),
};

/** The rows that prove a conformance class, by its URI; none for a class that this table knows nothing of. */
export function requirementsOf(classUri: string): Requirement[] {
  const common = COMMON_CLASSES[classUri];
  return REQUIREMENTS.filter(({ version, id }) => {
    if (common !== undefined) return version === '1.0' && common.includes(id);
    const name = classUri.slice(`${standardOf(version)}/conf/`.length);
    if (classUri !== `${standardOf(version)}/conf/${name}`) return false;
    return classOf(id) === name || (version === '2.0' && classOf(id) === ABSTRACT_CLASSES[name]);
  });
}

/** The classes of the table, by URI, in order. */
export function knownClasses(): string[] {
  const uris = REQUIREMENTS.map(({ version, id }) => `${standardOf(version)}/conf/${classOf(id)}`);
  return [...new Set(uris)].filter((uri) => !uri.endsWith('/2.0/conf/oas'));
}
