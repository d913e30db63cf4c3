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
  /**
   * Where the files of its jobs are kept: the name of a storage block, such as `s3/results`. Default: the service's
   * STORAGE.
   */
  storage?: string;
  /** Storages that its code may use beside that, by the names of their blocks; see `context.storageOf`. */
  storages?: readonly string[];
  /**
   * True: its code may also use every storage whose block says `allowOutputs`, for processes that write where a client
   * says. Default false.
   */
  writesWhereAsked?: boolean;
  /** What happens when `execute` throws. Default: the job fails at once. Finished steps are not run again. */
  retry?: RetryOptions;
  /** Answers an execution with the results of an earlier one of the same version and inputs. Default: no cache. */
  cache?: ProcessCacheOptions;
  /** How many jobs of the process may run at once. Default: as many as there are workers. */
  concurrency?: ProcessConcurrencyOptions;
}

/** A length of time: milliseconds, or a whole number with a unit (`500ms`, `30s`, `5m`, `2h`, `1d`). */
export type Duration = number | string;

/** When and how often something that failed is tried again. */
export interface RetryOptions {
  /** All attempts, the first one included: 1 to 100. */
  attempts: number;
  /**
   * Time before the next attempt, default 1 s: one delay, a delay for each failure (the last repeats), or a function of
   * the attempt that failed (1 for the first) and of what it threw, that returns milliseconds. Never under 100 ms.
   */
  delay?: Duration | readonly Duration[] | ((attempt: number, error: unknown) => number);
  /** Each delay is this many times the one before; for a single `delay`. Default 1. */
  factor?: number;
  /** Spreads the delays: they keep their mean and stay below `delay * (1 + jitter)`. Default 0. */
  jitter?: number;
  /** No delay is longer. */
  maxDelay?: Duration;
  /** False ends the attempts. Default: every error is worth another attempt but a `ProcessRejection`. */
  retryIf?: (error: unknown, attempt: number) => boolean;
}

/** How results are used again. Results never pass from one process, or version of it, to another. */
export interface CacheOptions {
  /** How long a result may be used. Default: as long as the job that made it is kept. */
  ttl?: Duration;
  /** True: earlier results are not used, but replaced. */
  refresh?: boolean;
}

/** Caching of whole executions. */
export interface ProcessCacheOptions extends CacheOptions {
  /**
   * What makes two executions the same beside the requested outputs: ids of inputs in braces, such as `{region}-{year}`.
   * Default: all inputs as they were sent, files by their content.
   */
  key?: string;
}

/** A limit for the jobs of a process. */
export interface ProcessConcurrencyOptions {
  limit: number;
  /**
   * Jobs with the same key share a limit, for instance those of one area: ids of inputs in braces, such as `{region}`.
   * Default: all jobs of the process.
   */
  key?: string;
  /** What happens to a job beyond the limit: it waits (default), it is dismissed, or older ones are to make room for it. */
  onLimit?: 'queue' | 'cancelNew' | 'cancelRunning';
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

/** What `@Process()` takes: a description in code, or in a file. */
export type ProcessOptions = DescribedProcessOptions | ProcessFileOptions;

interface ValueOptions extends DescriptionType {
  /**
   * Added to the schema that is read from the property; its members win. With a `type`, `oneOf`, `anyOf` or `allOf` it
   * replaces it.
   */
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
  /**
   * The type, or types, of blocks: of a `@Field()`, the block that stands there; of a property of the inputs' class of a
   * process, the blocks that a client may refer to in the place of a value, `{"$block": "secret/token"}`.
   */
  block?: string | readonly string[];
}

/** Options of `@Output()`. */
export interface OutputOptions extends ValueOptions {
  /** True: an execution may end without this output. `@IsOptional()` has the same effect. */
  optional?: boolean;
}
