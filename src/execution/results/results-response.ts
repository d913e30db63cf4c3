import type { Readable } from 'node:stream';
import type { Preferences } from '../../ogc/prefer.js';

/** An HTTP response about results, without any HTTP framework. 416 stands for a problem that the sender writes. */
export interface ResultsResponse {
  readonly status: 200 | 204 | 206 | 304 | 416;
  /** By lower-case name; an array stands for several headers of that name. Content-Length is always right. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Opens the body; absent when there is none. Not to be called for HEAD. */
  readonly open?: () => string | Buffer | Readable;
  /** For `Preference-Applied`. */
  readonly applied: Pick<Preferences, 'return'>;
}
