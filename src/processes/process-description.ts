/** A schema in the subset that OGC's 1.0 `schema.yaml` allows (OpenAPI 3.0 style; no `$ref` to definitions). */
export interface OgcSchema {
  title?: string;
  description?: string;
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  format?: string;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  multipleOf?: number;
  maximum?: number;
  exclusiveMaximum?: boolean;
  minimum?: number;
  exclusiveMinimum?: boolean;
  maxLength?: number;
  minLength?: number;
  pattern?: string;
  maxItems?: number;
  minItems?: number;
  uniqueItems?: boolean;
  maxProperties?: number;
  minProperties?: number;
  required?: string[];
  not?: OgcSchema;
  allOf?: OgcSchema[];
  oneOf?: OgcSchema[];
  anyOf?: OgcSchema[];
  items?: OgcSchema;
  properties?: Record<string, OgcSchema>;
  additionalProperties?: OgcSchema | boolean;
  nullable?: boolean;
  readOnly?: boolean;
  writeOnly?: boolean;
  deprecated?: boolean;
  contentMediaType?: string;
  contentEncoding?: string;
  contentSchema?: string;
}

/** `descriptionType.yaml` */
export interface DescriptionType {
  title?: string;
  description?: string;
  keywords?: string[];
  metadata?: { title?: string; role?: string; href?: string }[];
}

/** `inputDescription.yaml`. `schema` describes one occurrence. */
export interface InputDescription extends DescriptionType {
  schema: OgcSchema;
  /** default 1 */
  minOccurs?: number;
  /** default 1 */
  maxOccurs?: number | 'unbounded';
}

/** `outputDescription.yaml` */
export interface OutputDescription extends DescriptionType {
  schema: OgcSchema;
}

/** `jobControlOptions.yaml`: how a process may be executed. */
export type JobControlOption = 'sync-execute' | 'async-execute' | 'dismiss';

/** `transmissionMode.yaml`: an output itself, or a link to it. */
export type TransmissionMode = 'value' | 'reference';

/** `link.yaml` */
export interface Link {
  href: string;
  rel?: string;
  type?: string;
  hreflang?: string;
  title?: string;
}

/** `process.yaml`: the description a client reads, without the links that depend on the request. */
export interface ProcessDescription extends DescriptionType {
  id: string;
  version: string;
  jobControlOptions: JobControlOption[];
  outputTransmission: TransmissionMode[];
  inputs: Record<string, InputDescription>;
  outputs: Record<string, OutputDescription>;
  /** Links the author declared, for instance to a licence or a paper. */
  links?: Link[];
}
