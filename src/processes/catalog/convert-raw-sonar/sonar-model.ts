import type { Ping } from './ek60-datagrams.js';
import type { Position } from './nmea-position.js';

/** Element types of variables, named as in Zarr. */
export type ElementType = 'float64' | 'float32' | 'int64' | 'int16' | 'int8' | 'string';

/** Values of a variable of floating point numbers. */
export type FloatValues = Float64Array | Float32Array;
type NumericValues = FloatValues | BigInt64Array | Int16Array | Int8Array;

/** Values of a variable, in the order of its dimensions, the last one fastest. */
export type Values = NumericValues | string[];

/** The value of an attribute of a group or a variable. */
export type AttributeValue = string | number | readonly string[] | readonly number[];

/** Attributes of a group or a variable, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A text datagram with its time in nanoseconds since 1970. */
export interface TimedText {
  readonly time: bigint;
  readonly text: string;
}

/** A position with its time in nanoseconds since 1970. */
export interface TimedPosition extends Position {
  readonly time: bigint;
}

/** Where the values of a variable come from. Everything but `constant` is written while the file is read. */
export type Source =
  | { readonly kind: 'constant'; readonly values: Values }
  /** One value per ping, taken from the first channel that recorded it. */
  | { readonly kind: 'ping'; readonly value: (ping: Ping) => number | bigint }
  /** One value per channel and ping. */
  | { readonly kind: 'channel'; readonly value: (ping: Ping) => number }
  /** One value per channel, ping and sample: copies the ping's samples to `target`, beginning at `at`. */
  | { readonly kind: 'samples'; readonly copy: (ping: Ping, target: FloatValues, at: number) => void }
  | { readonly kind: 'nmea'; readonly value: (sentence: TimedText) => string | bigint }
  | { readonly kind: 'position'; readonly value: (position: TimedPosition) => string | bigint | number }
  | { readonly kind: 'annotation'; readonly value: (annotation: TimedText) => string | bigint };

/** A variable. A coordinate is a variable with the name of its only dimension. */
export interface Variable {
  /** Absolute, for instance `/Sonar/Beam_group1/backscatter_r`. */
  readonly path: string;
  readonly name: string;
  readonly type: ElementType;
  readonly dimensions: readonly string[];
  readonly shape: readonly number[];
  /** Shape of a chunk; none of its sides is longer than that of the variable, nor 0. */
  readonly chunks: readonly number[];
  readonly attributes: Attributes;
  readonly source: Source;
}

/** A group of the SONAR-netCDF4 hierarchy. The coordinates come before the variables that use them. */
export interface Group {
  /** `/` for the root. */
  readonly path: string;
  readonly attributes: Attributes;
  readonly variables: readonly Variable[];
}

/**
 * Writes one file of a format. Calls come in this order: `create` once, `write` any number of times, `finish` once;
 * `dispose` always, also after a fault. A writer holds at most what it is given in one call.
 */
export abstract class SonarWriter {
  /** Makes groups, variables and attributes (parents first), and writes the constant values. */
  abstract create(groups: readonly Group[]): Promise<void>;
  /**
   * Writes a block of a variable; blocks begin at chunk borders.
   * @param start index of the first value in every dimension
   * @param shape of the block; its product is the length of `values`
   */
  abstract write(variable: Variable, start: readonly number[], shape: readonly number[], values: Values): Promise<void>;
  /** Completes the output file. */
  abstract finish(): Promise<void>;
  /** Lets go of whatever is open. Does nothing after `finish`. */
  abstract dispose(): Promise<void>;
}

/** An array for `length` values of a type, filled with what stands for "nothing": NaN, zero or the empty text. */
export function blankValues(type: ElementType, length: number): Values {
  switch (type) {
    case 'float64':
      return new Float64Array(length).fill(NaN);
    case 'float32':
      return new Float32Array(length).fill(NaN);
    case 'int64':
      return new BigInt64Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'string':
      return new Array<string>(length).fill('');
  }
}
