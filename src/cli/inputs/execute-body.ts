import { Readable } from 'node:stream';
import type { BodyPart } from './body-part.js';

/** One output of the request. */
export interface RequestedOutput {
  readonly id: string;
  readonly mediaType?: string;
}

/** What is asked of an execution besides its inputs. */
export interface ResponseWish {
  /** Absent: all outputs. */
  readonly outputs?: readonly RequestedOutput[];
  readonly response: 'raw' | 'document';
}

/** The body of an execute request (OGC 18-062r2 execute.yaml), written while it is sent. */
export class ExecuteBody {
  private readonly parts: readonly BodyPart[];
  /** Bytes of the whole body, when every part's length is known before it is read. */
  readonly length: number | undefined;

  /** @param inputs by id, the parts of the JSON text of each */
  constructor(inputs: ReadonlyMap<string, readonly BodyPart[]>, wish: ResponseWish) {
    const members = [...inputs].flatMap(([id, parts], index) => [
      `${index === 0 ? '' : ','}${JSON.stringify(id)}:`,
      ...parts,
    ]);
    this.parts = ['{"inputs":{', ...members, '}', outputsMember(wish), `,"response":"${wish.response}"}`];
    const lengths = this.parts.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : part.length));
    this.length = lengths.reduce(
      (sum, length) => (sum === undefined || length === undefined ? undefined : sum + length),
      0,
    );
  }

  stream(): Readable {
    return Readable.from(this.chunks(), { objectMode: false });
  }

  private async *chunks(): AsyncGenerator<Uint8Array> {
    for (const part of this.parts) {
      if (typeof part === 'string') {
        if (part !== '') yield Buffer.from(part);
      } else yield* part.open();
    }
  }
}

function outputsMember({ outputs }: ResponseWish): string {
  if (outputs === undefined) return '';
  const members = outputs.map(({ id, mediaType }) => [id, mediaType === undefined ? {} : { format: { mediaType } }]);
  return `,"outputs":${JSON.stringify(Object.fromEntries(members))}`;
}
