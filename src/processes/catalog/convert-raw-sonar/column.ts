import { blankValues } from './sonar-model.js';
import type { SonarWriter, Values, Variable } from './sonar-model.js';

/**
 * Collects one chunk's worth of rows of a variable and hands it to the writer when it is full. A row is one entry of
 * the variable's axis that grows along the file: the only one, or the second after `channel`.
 */
export class Column {
  private readonly lanes: number;
  private readonly width: number;
  private readonly capacity: number;
  private values: Values;
  /** Row of the variable that lies first in `values`. */
  private first = 0;

  constructor(
    readonly variable: Variable,
    private readonly writer: SonarWriter,
  ) {
    const { shape, chunks } = variable;
    this.lanes = shape.length > 1 ? shape[0] : 1;
    this.width = shape[2] ?? 1;
    this.capacity = shape.length > 1 ? chunks[1] : chunks[0];
    this.values = this.blank(this.capacity);
  }

  /**
   * Makes room for `row`; rows are opened in ascending order, none left out.
   * @returns true when a full chunk was written for it
   */
  async open(row: number): Promise<boolean> {
    if (row - this.first < this.capacity) return false;
    await this.flush(row);
    this.first = row;
    this.values = this.blank(this.capacity);
    return true;
  }

  set(row: number, lane: number, value: string | number | bigint): void {
    (this.values as (string | number | bigint)[])[this.at(row, lane)] = value;
  }

  /** Lets `copy` write the samples of an open row. */
  fill(row: number, lane: number, copy: (target: Values, at: number) => void): void {
    copy(this.values, this.at(row, lane));
  }

  /** Writes what was collected. @param rows number of rows opened so far */
  async flush(rows: number): Promise<void> {
    const count = rows - this.first;
    if (count <= 0) return;
    const { shape } = this.variable;
    const start = shape.length > 1 ? [0, this.first, 0] : [this.first];
    const block = shape.length > 1 ? [this.lanes, count, this.width] : [count];
    await this.writer.write(
      this.variable,
      start.slice(0, shape.length),
      block.slice(0, shape.length),
      this.firstRows(count),
    );
  }

  private at(row: number, lane: number): number {
    return (lane * this.capacity + row - this.first) * this.width;
  }

  private blank(rows: number): Values {
    return blankValues(this.variable.type, this.lanes * rows * this.width);
  }

  /** The last block of a variable is rarely full. */
  private firstRows(count: number): Values {
    if (count === this.capacity) return this.values;
    const kept = this.blank(count) as unknown[];
    for (let lane = 0; lane < this.lanes; lane += 1) {
      for (let cell = 0; cell < count * this.width; cell += 1) {
        kept[lane * count * this.width + cell] = this.values[lane * this.capacity * this.width + cell];
      }
    }
    return kept as Values;
  }
}
