import type { Dialect } from '../ogc/conformance.js';
import type { TransmissionMode } from '../processes/process-description.js';

/** A binary input that lies in a file; `path` is relative to the data directory. */
export interface StagedFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
  readonly mediaType: string;
}

/** Parts of a job's inputs that are files. */
export interface StagedInputs {
  /** Path, relative to the data directory, of a JSON file that holds the inputs too large for the row. */
  readonly document?: string;
  /** Binary inputs by their place in the inputs, as JSON: `["image"]`, `["tiles",0]`. */
  readonly files?: Readonly<Record<string, StagedFile>>;
}

/** One output a client asked for. What it left open is absent. */
export interface RequestedOutput {
  readonly id: string;
  readonly mediaType?: string;
  readonly encoding?: string;
  /** Which alternative of the output is wanted: a URL, or a schema as the description has it. */
  readonly schema?: string | Readonly<Record<string, unknown>>;
  /** Only in 1.0; absent means by value where the response is raw, by size in a document. */
  readonly transmissionMode?: TransmissionMode;
}

/** How the results of an execution are to be answered, now or at `GET /jobs/{jobID}/results`. */
export interface ResponsePreferences {
  /** Counts in 1.0 only. */
  readonly response: 'raw' | 'document';
  readonly dialect: Dialect;
  /** Absent: all outputs. Empty: none, a 204 or a job without results (2.0). */
  readonly outputs?: readonly RequestedOutput[];
}

/**
 * The members of `subscriber` in an execute request: which call is made where (OGC 18-062r2
 * /req/callback/job-callback).
 */
export type CallbackKind = 'successUri' | 'inProgressUri' | 'failedUri';

/** Where to call back; absolute http or https URLs. */
export type Subscriber = Readonly<Partial<Record<CallbackKind, string>>>;

/** Whom a job calls back, as its row keeps it. */
export type JobSubscriber = Subscriber & {
  /** Base of the links in the documents that are sent: the base URL of the request that created the job. */
  readonly base: string;
};

/** What has to be asked for before a job may run; from the policy of its process and its inputs, when it is accepted. */
export interface JobAdmission {
  /** Whether somebody has computed the results already, or is about to. */
  readonly cache?: {
    readonly key: string;
    /** milliseconds that results may be used for; absent: as long as they are kept */
    readonly ttl?: number;
    /** True: only results count that are newer than the job. */
    readonly refresh?: boolean;
  };
  /** Whether few enough others run. */
  readonly concurrency?: {
    readonly key: string;
    readonly limit: number;
    readonly onLimit: 'queue' | 'cancelNew' | 'cancelRunning';
  };
}
