import type { Feature, FeatureCollection, GeoJSON, Geometry } from 'geojson';
import { Process } from '../../decorators/process.decorator.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';
import { ProcessRejection } from '../../process-rejection.js';
import type { BufferOptions } from './buffer-geometry.js';

/** The inputs by id; the YAML file describes them. */
export interface BufferInputs extends BufferOptions {
  geometry: GeoJSON;
}

/** The outputs by id; the YAML file describes them. */
export interface BufferOutputs {
  result: GeoJSON;
}

/** The area around a geometry; nothing when none is left. */
type Buffered = (geometry: Geometry) => Geometry | undefined;

/** Buffers GeoJSON. Its description lies in the YAML file beside it. */
@Process({ definition: new URL('./buffer.process.yaml', import.meta.url) })
export class BufferProcess implements ProcessHandler<BufferInputs, BufferOutputs> {
  /** @throws ProcessRejection when nothing is left of the input, when it is nowhere, and when the area would have to be cut */
  async execute({ geometry: input, ...options }: BufferInputs, context: JobContext): Promise<BufferOutputs> {
    // Its library is a tenth of what every node and executor would load at its start.
    const { bufferGeometry } = await import('./buffer-geometry.js');
    const buffered: Buffered = (geometry) => bufferGeometry(geometry, options);
    if (input.type === 'FeatureCollection') return { result: this.collection(input, buffered, options, context) };
    const result = input.type === 'Feature' ? this.feature(input, buffered) : buffered(input);
    return { result: result ?? this.nothingLeft(options) };
  }

  /** Features that vanish are left out, with a line in the log. */
  private collection(
    input: FeatureCollection,
    buffered: Buffered,
    options: BufferOptions,
    context: JobContext,
  ): FeatureCollection {
    const { features } = input;
    const left = features.flatMap((feature, index) => {
      context.signal.throwIfAborted();
      context.progress((100 * index) / features.length);
      return this.feature(feature, buffered) ?? [];
    });
    if (features.length > 0 && left.length === 0) return this.nothingLeft(options);
    const vanished = features.length - left.length;
    if (vanished > 0) context.logger.warn(`Nothing is left of ${vanished} features`, { vanished });
    return { type: 'FeatureCollection', features: left };
  }

  /** A feature without a geometry (RFC 7946, section 3.2) has none afterwards either. */
  private feature(input: Feature<Geometry | null>, buffered: Buffered): Feature | undefined {
    const { id, properties } = input;
    const geometry = input.geometry && buffered(input.geometry);
    if (geometry === undefined) return undefined;
    return { type: 'Feature', ...(id !== undefined && { id }), properties, geometry } as Feature;
  }

  private nothingLeft({ distance }: BufferOptions): never {
    throw new ProcessRejection(
      `A distance of ${distance} m leaves nothing of the geometry.`,
      distance <= 0 ? 'distance' : 'geometry',
    );
  }
}
