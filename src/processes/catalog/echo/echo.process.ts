import { setTimeout } from 'node:timers/promises';
import { Input } from '../../decorators/input.decorator.js';
import { Output } from '../../decorators/output.decorator.js';
import { Process } from '../../decorators/process.decorator.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';
import { ARRAY_SCHEMA, BBOX_SCHEMA, MIXED_SCHEMA, PAUSE_SCHEMA, XML_SCHEMA } from './echo.schemas.js';

/** `bbox.yaml` of OGC 18-062r2. */
export interface BoundingBox {
  /** Lower corner, then upper corner: four numbers, or six with heights. */
  bbox: number[];
  /** URI of the coordinate reference system. */
  crs?: string;
}

/** The inputs of `echo`: one of each kind that the standard knows. */
export class EchoInputs {
  @Input({ title: 'String', description: 'Any text.', schema: { type: 'string', example: 'Hello' } })
  stringInput!: string;

  @Input({ title: 'Mixed', description: 'Text or an object.', schema: MIXED_SCHEMA, minOccurs: 0 })
  mixedInput?: string | Record<string, unknown>;

  @Input({
    title: 'Array',
    description: 'One to ten integers, as one value.',
    schema: { ...ARRAY_SCHEMA, example: [1, 2, 3] },
    minOccurs: 0,
  })
  arrayInput?: number[];

  @Input({ title: 'Bounding box', schema: { ...BBOX_SCHEMA, example: { bbox: [5, 45, 11, 48] } }, minOccurs: 0 })
  bboxInput?: BoundingBox;

  @Input({ title: 'XML', description: 'An XML document as text.', schema: XML_SCHEMA, minOccurs: 0 })
  xmlInput?: string;

  @Input({ title: 'Pause', description: 'Seconds to wait before answering.', schema: PAUSE_SCHEMA, minOccurs: 0 })
  pause?: number;
}

/** The outputs of `echo`, under the ids of the inputs that they repeat. */
export class EchoOutputs {
  @Output({ title: 'String', schema: { type: 'string' } })
  stringInput!: string;

  @Output({ title: 'Mixed', schema: MIXED_SCHEMA, optional: true })
  mixedInput?: string | Record<string, unknown>;

  @Output({ title: 'Array', schema: ARRAY_SCHEMA, optional: true })
  arrayInput?: number[];

  @Output({ title: 'Bounding box', schema: BBOX_SCHEMA, optional: true })
  bboxInput?: BoundingBox;

  @Output({ title: 'XML', schema: XML_SCHEMA, optional: true })
  xmlInput?: string;

  @Output({ title: 'Pause', schema: PAUSE_SCHEMA, optional: true })
  pause?: number;
}

/** Returns what it is sent (OGC 18-062r2 /rec/core/test-process): for trying clients, and for conformance tests. */
@Process({
  id: 'echo',
  version: '1.0.0',
  title: 'Echo',
  description: 'Returns every input it is sent under the output of the same name, after a pause when one is asked for.',
  keywords: ['echo', 'test'],
  inputs: EchoInputs,
  outputs: EchoOutputs,
  isolation: 'inline',
  syncJobs: false,
})
export class Echo implements ProcessHandler<EchoInputs, EchoOutputs> {
  async execute(inputs: EchoInputs, context: JobContext): Promise<EchoOutputs> {
    if (inputs.pause) await this.wait(inputs.pause, context);
    return { ...inputs };
  }

  private async wait(seconds: number, context: JobContext): Promise<void> {
    for (let waited = 0; waited < seconds; waited++) {
      context.progress(Math.floor((100 * waited) / seconds), `Waiting, ${seconds - waited} s left`);
      await setTimeout(1_000, undefined, { signal: context.signal });
    }
    context.progress(100, 'Waited');
  }
}
