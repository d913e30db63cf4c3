import type { StoredBytes } from '../../jobs/files/stored-bytes.js';

/** An output of a successful execution: a JSON value, or a file. */
export type ResultOutput =
  | {
      readonly id: string;
      readonly kind: 'value';
      readonly value: unknown;
      readonly mediaType: string;
      /** It was read from a file, and is content of that media type and no other. */
      readonly ofFile?: true;
    }
  | {
      readonly id: string;
      readonly kind: 'file';
      readonly bytes: StoredBytes;
      /** Where it is kept, as rows hold it; absent for an execution without a job. */
      readonly location?: string;
      /** bytes */
      readonly size: number;
      /** lower-case hexadecimal */
      readonly sha256: string;
      readonly mediaType: string;
    };
