import type { Readable } from 'node:stream';

/** Writes lines to the log of the job (`GET /jobs/{jobID}/logs`). `data` is JSON and kept beside the message. */
export interface JobLogger {
  debug(message: string, data?: Record<string, unknown>): void;
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

export type LogLevel = keyof JobLogger;

/** Bytes of an output: anything that can be streamed to a file without holding it whole. */
export type OutputContent = Readable | AsyncIterable<Uint8Array> | Uint8Array | string;

/** Outputs that are files rather than JSON values. An output written here is not returned by `execute`. */
export interface JobOutputs {
  /** Streams `content` into the output `outputId`. Resolves when every byte is on disk. */
  write(outputId: string, content: OutputContent, options?: { mediaType?: string }): Promise<void>;
  /**
   * Makes a file that another tool wrote the content of `outputId`. The file is moved, not copied, so it should lie
   * in {@link JobContext.workDirectory}.
   */
  file(outputId: string, path: string, options?: { mediaType?: string }): Promise<void>;
}

/** What a running process may use. One object per execution. */
export interface JobContext {
  /** The job's id; also made for an execution that leaves no job. */
  readonly jobId: string;
  /** Aborted when the job is dismissed, reaches its time limit, or the worker shuts down. Stop early when it fires. */
  readonly signal: AbortSignal;
  readonly logger: JobLogger;
  readonly outputs: JobOutputs;
  /** A directory of this execution alone, made on first use and removed when the execution ends. */
  readonly workDirectory: () => Promise<string>;
  /** Reports progress. @param percent 0 to 100 @param message what is being done, shown in the job's status */
  readonly progress: (percent: number, message?: string) => void;
}
