import type { Schema } from './ogc-documents.js';

// Blocks are this API's own, other servers have none.

/** A type of block as the server shows it. */
export interface BlockTypeDocument {
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  /** In the document of one type only. */
  readonly schema?: Schema;
}

/** A block as the server shows it: without secrets. */
export interface BlockDocument {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly version?: number;
  readonly origin?: string;
  readonly updated?: string;
}

/** How the test of a block went. */
export interface BlockTestDocument {
  readonly ok: boolean;
  readonly detail?: string;
}
