/** A piece of the execute request: JSON text, or a file that is read when the request is sent. */
export type BodyPart =
  | string
  | {
      /** Bytes it will be; absent when only its end will tell (standard input, a pipe). */
      readonly length?: number;
      open(): AsyncIterable<Uint8Array>;
    };

/** A JSON text as one part. */
export function jsonPart(value: unknown): BodyPart[] {
  return [JSON.stringify(value)];
}

/** Parts of several values, joined to a JSON array. */
export function arrayPart(values: readonly BodyPart[][]): BodyPart[] {
  return ['[', ...values.flatMap((parts, index) => (index === 0 ? parts : [',', ...parts])), ']'];
}
