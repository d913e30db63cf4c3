/** Documents of the standard, as far as the checks look at them; the schemas check the rest. */

export interface LinkObject {
  readonly href: string;
  readonly rel?: string;
  readonly type?: string;
}

export interface Linked {
  readonly links?: readonly LinkObject[];
}

export interface LandingPage extends Linked {
  readonly title?: string;
}

export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly example?: unknown;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly contentEncoding?: string;
  readonly contentMediaType?: string;
}

export interface InputDescription {
  readonly schema: JsonSchema;
  readonly minOccurs?: number;
  readonly maxOccurs?: number | 'unbounded';
}

export interface ProcessDescription extends Linked {
  readonly id: string;
  readonly version: string;
  readonly jobControlOptions?: readonly string[];
  readonly outputTransmission?: readonly string[];
  readonly inputs?: Readonly<Record<string, InputDescription>>;
  readonly outputs?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

export interface ProcessList extends Linked {
  readonly processes: readonly ProcessDescription[];
}

export interface StatusInfo extends Linked {
  readonly jobID?: string;
  readonly id?: string;
  readonly processID?: string;
  readonly type?: string;
  readonly processingEntityType?: string;
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed';
  readonly created?: string;
  readonly started?: string;
  readonly finished?: string;
}

export interface JobList extends Linked {
  readonly jobs: readonly StatusInfo[];
}

export const OGC_REL = 'http://www.opengis.net/def/rel/ogc/1.0';
export const EXCEPTION = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0';
export const PROFILE = 'https://www.opengis.net/def/profile/OGC/0';

export function linksOf({ links = [] }: Linked, ...rels: string[]): LinkObject[] {
  return links.filter(({ rel }) => rel !== undefined && rels.includes(rel));
}

/** The id of a job, by its name in 1.0 or in 2.0. */
export function jobIdOf({ jobID, id }: StatusInfo): string {
  const found = jobID ?? id;
  if (found === undefined) throw new Error('the status document has neither jobID nor id');
  return found;
}

/** A description allows a mode when it says so; one that says nothing is synchronous. */
export function allows({ jobControlOptions = ['sync-execute'] }: ProcessDescription, option: string): boolean {
  return jobControlOptions.includes(option);
}
