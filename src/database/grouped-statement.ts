import { isDatabaseUnavailable } from './database-unavailable.js';

/** Calls that go as one statement at most, so that none of them waits long for its neighbours. */
const LARGEST_GROUP = 200;

interface Waiting<Call, Row> {
  readonly call: Call;
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out many calls of one kind with few statements: PostgreSQL spends most of a small statement on beginning it
 * and on its commit. While one statement is on its way the next calls gather, and go together when it is back; a
 * single call waits for nobody.
 *
 * Calls do not harm each other. One that the common statement gives no row for is made by itself, and when the common
 * statement fails, so is each of its calls. Only when the database is away all of them fail, as they would alone.
 */
export class GroupedStatement<Call extends { readonly id: string }, Row extends { readonly id: string }> {
  private waiting: Waiting<Call, Row>[] = [];
  private isSending = false;

  /**
   * @param together makes some calls in one statement, and may leave any of them out. It must not wait for locks.
   * @param alone makes a call, whatever it takes; an answer belongs to the call with its id
   */
  constructor(
    private readonly together: (calls: readonly Call[]) => Promise<readonly Row[]>,
    private readonly alone: (call: Call) => Promise<Row | undefined>,
  ) {}

  /** Resolves with what the call would have given alone, or rejects with its error. */
  execute(call: Call): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, resolve, reject });
      if (this.isSending) return;
      this.isSending = true;
      // What else this turn of the event loop brings goes along.
      setImmediate(() => void this.send());
    });
  }

  private async send(): Promise<void> {
    while (this.waiting.length > 0) await this.sendGroup(this.waiting.splice(0, LARGEST_GROUP));
    this.isSending = false;
  }

  private async sendGroup(group: readonly Waiting<Call, Row>[]): Promise<void> {
    const rows = new Map<string, Row>();
    try {
      for (const row of await this.together(group.map(({ call }) => call))) rows.set(row.id, row);
    } catch (error) {
      if (isDatabaseUnavailable(error)) {
        for (const { reject } of group) reject(error);
        return;
      }
    }
    for (const { call, resolve, reject } of group) {
      const row = rows.get(call.id);
      // Of two calls with one id only one has been made.
      rows.delete(call.id);
      if (row !== undefined) resolve(row);
      else this.alone(call).then(resolve, reject);
    }
  }
}
