/** What the code of a run has said, on its way to the record. */
export interface RunWords {
  /** Resolves once every line said so far is on record, so that a step is never on record without its log. */
  written(): Promise<void>;
  /** Resolves once everything said so far is on record, the latest progress included. */
  close(): Promise<void>;
}
