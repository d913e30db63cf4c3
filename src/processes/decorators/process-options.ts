import type { Type } from '@nestjs/common';
import type {
  DescriptionType,
  InputDescription,
  JobControlOption,
  Link,
  OgcSchema,
  OutputDescription,
  TransmissionMode,
} from '../process-description.js';

/** An output, written by hand. `optional` steers the validation of outputs and is not shown to clients. */
export interface OutputDefinition extends OutputDescription {
  /** True: an execution may end without this output. */
  optional?: boolean;
}

/** What the engine is told about a process. Clients do not see it. */
export interface ProcessPolicyOptions {
  /**
   * Time limit of one execution: milliseconds, or a whole number with a unit (`500ms`, `30s`, `5m`, `2h`, `1d`).
   * Default: the service's JOB_TIMEOUT.
   */
  timeout?: number | string;
  /**
   * `child` (default): the code runs in an executor process. `inline`: it runs in the event loop of the service; only
   * for code that is short, asynchronous and trusted.
   */
  isolation?: 'child' | 'inline';
  /** False: a synchronous execution leaves no job behind. Default true. */
  syncJobs?: boolean;
}

/** A process whose description is written in code. */
export interface DescribedProcessOptions extends DescriptionType, ProcessPolicyOptions {
  /** The last part of `/processes/{id}`: letters, digits, `.`, `_`, `-` and `:`, beginning with a letter or digit. */
  id: string;
  version: string;
  /** A DTO class whose properties carry `@Input()`, or input descriptions by input id. Default: no inputs. */
  inputs?: Type | Record<string, InputDescription>;
  /** A DTO class whose properties carry `@Output()`, or output descriptions by output id. At least one. */
  outputs: Type | Record<string, OutputDefinition>;
  /** Default: all three. */
  jobControlOptions?: JobControlOption[];
  /** Default: value and reference. */
  outputTransmission?: TransmissionMode[];
  /** Links that belong to the process itself, for instance to a licence or a paper. */
  links?: Link[];
  definition?: undefined;
}

/** A process whose description is a YAML or JSON file of the shape of OGC's `process.yaml`. */
export interface ProcessFileOptions extends ProcessPolicyOptions {
  /** Where the file lies: `new URL('./buffer.process.yaml', import.meta.url)`. */
  definition: URL;
}

export type ProcessOptions = DescribedProcessOptions | ProcessFileOptions;

interface ValueOptions extends DescriptionType {
  /** Added to the schema that is read from the property; its members win. With a `type`, `oneOf`, `anyOf` or `allOf` it replaces it. */
  schema?: OgcSchema;
  /** Media type of the value, for instance `application/xml`; becomes `contentMediaType`. */
  mediaType?: string;
  /** Encoding of the value in JSON; becomes `contentEncoding`. `base64` makes the value binary. */
  encoding?: string;
  /** Meaning of the value, for instance `ogc-bbox`, `geojson-geometry`, `date-time`, `uri`. */
  format?: string;
}

/** Options of `@Input()`. */
export interface InputOptions extends ValueOptions {
  /** Least number of occurrences. Default: 0 for a property with `@IsOptional()` or a default, else 1. */
  minOccurs?: number;
  /**
   * Greatest number of occurrences, default 1. With more than 1 the property is an array of occurrences and the schema
   * describes one of them; with 1 an array property is one value that happens to be an array.
   */
  maxOccurs?: number | 'unbounded';
  /** Value of an input that was not sent. The initializer of the property has the same effect. */
  default?: unknown;
}

/** Options of `@Output()`. */
export interface OutputOptions extends ValueOptions {
  /** True: an execution may end without this output. `@IsOptional()` has the same effect. */
  optional?: boolean;
}
