/** The log and the progress of a run, on their way to the record. */
export interface RunLog {
  /** Resolves once every line so far is on record, so that a step is never on record without its log. */
  flushLines(): Promise<void>;
  /** Resolves once everything so far is on record, the latest progress included. */
  flush(): Promise<void>;
}
