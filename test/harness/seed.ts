import { randomInt } from 'node:crypto';

/** Chance that can be repeated. */
export class Seed {
  private state: number;

  private constructor(readonly value: number) {
    this.state = value;
  }

  /**
   * @param given the seed of an earlier run; without it a new one is drawn
   * @throws Error when it is not a whole number of 32 bits
   */
  static of(given: string | undefined): Seed {
    const value = given === undefined ? randomInt(2 ** 32) : Number(given);
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
      throw new Error(`a seed is a whole number from 0 to ${2 ** 32 - 1}, not ${given}`);
    }
    return new Seed(value);
  }

  /** The seed of the suites that use chance: FAULT_SEED, or a new one. It is printed, so that a run can be repeated. */
  static ofSuite(): Seed {
    const seed = Seed.of(process.env.FAULT_SEED);
    process.stderr.write(`FAULT_SEED=${seed.value}\n`);
    return seed;
  }

  /** @returns a number from 0 up to 1 (mulberry32) */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @returns a whole number from `least` to `most` */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)];
  }
}
