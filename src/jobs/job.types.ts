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

/** One output a client asked for. */
export interface RequestedOutput {
  readonly id: string;
  readonly mediaType?: string;
  readonly encoding?: string;
  readonly transmissionMode?: 'value' | 'reference';
}

/** How the results of an execution are to be answered, now or at `GET /jobs/{jobID}/results`. */
export interface ResponsePreferences {
  readonly response: 'raw' | 'document';
  readonly dialect: '1.0' | '2.0';
  /** The outputs asked for; absent = all of them. */
  readonly outputs?: readonly RequestedOutput[];
}

/** The members of `subscriber` in an execute request: which call is made where (OGC 18-062r2 /req/callback/job-callback). */
export type CallbackKind = 'successUri' | 'inProgressUri' | 'failedUri';

/** Whom a job calls back, as its row keeps it. */
export type JobSubscriber = Readonly<Partial<Record<CallbackKind, string>>> & {
  /** Base of the links in the documents that are sent: the base URL of the request that created the job. */
  readonly base: string;
};
