import type { Ping } from './ek60-datagrams.js';

/**
 * Groups RAW0 datagrams into rows of the `ping_time` axis: the channels of one ping follow each other in the file with
 * the same time, so a row ends where the time changes or a channel comes again. Both passes over the file use this
 * rule, which needs no list of times and hence no memory that grows with the file.
 */
export class PingRows {
  /** Rows begun so far. */
  count = 0;
  private time: bigint | undefined;
  private readonly seen = new Set<number>();

  /** @returns true when `ping` begins a new row */
  begins({ time, channel }: Pick<Ping, 'time' | 'channel'>): boolean {
    const begins = time !== this.time || this.seen.has(channel);
    if (begins) {
      this.count += 1;
      this.time = time;
      this.seen.clear();
    }
    this.seen.add(channel);
    return begins;
  }
}
