import type { Feature, FeatureCollection, GeoJSON, Geometry } from 'geojson';
import { Process } from '../../decorators/process.decorator.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';
import { ProcessRejection } from '../../process-rejection.js';
import { bufferGeometry } from './buffer-geometry.js';
import type { BufferOptions } from './buffer-geometry.js';

/** The inputs by id; the YAML file describes them. */
export interface BufferInputs extends BufferOptions {
  geometry: GeoJSON;
}

/** The outputs by id; the YAML file describes them. */
export interface BufferOutputs {
  result: GeoJSON;
}

/** Buffers GeoJSON. Its description lies in the YAML file beside it. */
@Process({ definition: new URL('./buffer.process.yaml', import.meta.url) })
export class BufferProcess implements ProcessHandler<BufferInputs, BufferOutputs> {
  /** @throws ProcessRejection when nothing is left of the input */
  execute({ geometry, ...options }: BufferInputs, context: JobContext): BufferOutputs {
    return { result: this.buffer(geometry, options, context) };
  }

  private buffer(input: GeoJSON, options: BufferOptions, context: JobContext): GeoJSON {
    switch (input.type) {
      case 'FeatureCollection':
        return this.collection(input, options, context);
      case 'Feature':
        return this.feature(input, options) ?? this.nothingLeft(options);
      default:
        return bufferGeometry(input, options) ?? this.nothingLeft(options);
    }
  }

  /** Features that vanish are left out, with a line in the log. */
  private collection(input: FeatureCollection, options: BufferOptions, context: JobContext): FeatureCollection {
    const { features } = input;
    const buffered = features.flatMap((feature, index) => {
      context.signal.throwIfAborted();
      context.progress((100 * index) / features.length);
      return this.feature(feature, options) ?? [];
    });
    if (features.length > 0 && buffered.length === 0) return this.nothingLeft(options);
    const vanished = features.length - buffered.length;
    if (vanished > 0) context.logger.warn(`Nothing is left of ${vanished} features`, { vanished });
    return { type: 'FeatureCollection', features: buffered };
  }

  /** A feature without a geometry (RFC 7946, section 3.2) has none afterwards either. */
  private feature(input: Feature<Geometry | null>, options: BufferOptions): Feature | undefined {
    const { id, properties } = input;
    const geometry = input.geometry && bufferGeometry(input.geometry, options);
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
