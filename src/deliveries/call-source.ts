/** A call that this node has taken on. `attempts` counts the present one. */
export interface OwedCall {
  readonly uri: string;
  readonly attempts: number;
  /** When the call became due for the first time. */
  readonly created_at: Date;
}

/** What is sent. */
export interface CallContent {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: Buffer;
  /** Key of the signature; without one the call is not signed. */
  readonly secret?: string;
}

/** How an attempt went, as it is put on record. */
export interface AttemptRecord {
  /** HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  /** Why there was no answer, or none that counts. */
  readonly reason?: string;
}

/**
 * Calls that are owed to somebody, kept in rows: whichever node takes one on makes the next attempt, also after a
 * restart. `Deliveries` makes the calls of every source in the same way.
 */
export interface CallSource<Call extends OwedCall> {
  /** Begins the sentences of the log: `Callback`. */
  readonly noun: string;
  /** NOTIFY channel that tells of new calls. */
  readonly channel: string;
  /** The id of the event that the call tells of; the same for every attempt. */
  eventId(call: Call): string;
  /** What calls share when a slow one of them must not use up the places of all others. */
  lane(call: Call): string;
  /** Rejects when the document cannot be made. */
  content(call: Call): Promise<CallContent>;
  /** Whether a call that failed is given up before its time. */
  makesWay(call: Call): boolean;
  /**
   * @param most calls to take
   * @param mostPerLane calls to take of one lane
   * @param busy lanes to leave out
   * @param lease milliseconds after which a call is free for another attempt, should its outcome never be told
   */
  take(most: number, mostPerLane: number, busy: readonly string[], lease: number): Promise<Call[]>;
  /** The receiver has it. */
  delivered(call: Call, attempt: AttemptRecord): Promise<void>;
  /** It will not be tried again. */
  givenUp(call: Call, attempt: AttemptRecord): Promise<void>;
  /** It failed and is tried again. @param delay milliseconds until then */
  postpone(call: Call, attempt: AttemptRecord, delay: number): Promise<void>;
  /** The attempt was broken off by this node and does not count. */
  giveBack(call: Call): Promise<void>;
}
