import { rm } from 'node:fs/promises';
import type FileSystemStore from '@zarrita/storage/fs';
import { SonarWriter } from './sonar-model.js';
import type { ElementType, Group, Values, Variable } from './sonar-model.js';

type Zarr = typeof import('zarrita');

const FILL_VALUE: Readonly<Record<ElementType, number | string>> = {
  float64: NaN,
  float32: NaN,
  int64: 0,
  int16: 0,
  int8: 0,
  string: '',
};
const BYTES = { name: 'bytes', configuration: { endian: 'little' } };
const ZSTD = { name: 'zstd', configuration: { level: 3, checksum: false } };
const TEXTS = { name: 'vlen-utf8', configuration: {} };

/** Writes a Zarr version 3 store into a directory beside the output file, and at the end zips it to that file. */
export class ZarrWriter extends SonarWriter {
  private constructor(
    private readonly zarr: Zarr,
    private readonly store: FileSystemStore,
    private readonly path: string,
    private readonly signal: AbortSignal,
  ) {
    super();
  }

  /** Starts a store for the zip file at `path`, replacing what an earlier attempt left behind. */
  static async open(path: string, signal: AbortSignal): Promise<ZarrWriter> {
    const [zarr, { default: Store }] = await Promise.all([import('zarrita'), import('@zarrita/storage/fs')]);
    const directory = `${path}.store`;
    await rm(directory, { recursive: true, force: true });
    return new ZarrWriter(zarr, new Store(directory), path, signal);
  }

  override async create(groups: readonly Group[]): Promise<void> {
    const root = this.zarr.root(this.store);
    for (const { path, attributes, variables } of groups) {
      await this.zarr.create(root.resolve(path), { attributes });
      for (const variable of variables) {
        const { type } = variable;
        await this.zarr.create(root.resolve(variable.path), {
          shape: [...variable.shape],
          chunkShape: [...variable.chunks],
          dtype: type,
          codecs: type === 'string' ? [TEXTS] : [BYTES, ZSTD],
          fillValue: FILL_VALUE[type],
          dimensionNames: [...variable.dimensions],
          attributes: variable.attributes,
        });
        if (variable.source.kind === 'constant') {
          const { shape } = variable;
          await this.write(
            variable,
            shape.map(() => 0),
            shape,
            variable.source.values,
          );
        }
      }
    }
  }

  override async write(
    variable: Variable,
    start: readonly number[],
    shape: readonly number[],
    values: Values,
  ): Promise<void> {
    const location = this.zarr.root(this.store).resolve(variable.path);
    if (Array.isArray(values)) {
      const chunk = start.map((first, axis) => first / variable.chunks[axis]);
      await this.store.set(location.resolve(['c', ...chunk].join('/')).path, encodeTexts(variable, values));
      return;
    }
    const array = await this.zarr.open.v3(location, { kind: 'array' });
    const selection = start.map((first, axis) => this.zarr.slice(first, first + shape[axis]));
    await this.zarr.set(
      array,
      shape.length > 0 ? selection : null,
      shape.length > 0 ? { data: values, shape: [...shape], stride: strides(shape) } : values[0],
    );
  }

  override async finish(): Promise<void> {
    const { zipDirectory } = await import('./zip-directory.js');
    await zipDirectory(this.store.root, this.path, this.signal);
    await this.dispose();
  }

  override async dispose(): Promise<void> {
    await rm(this.store.root, { recursive: true, force: true });
  }
}

/** Distance between neighbours of every dimension, the last dimension varying fastest. */
function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

/**
 * A chunk in the codec `vlen-utf8`, which zarrita only reads: uint32 count, then uint32 length and UTF-8 bytes of each
 * text, little-endian. A chunk at the border is filled up with empty texts.
 */
function encodeTexts({ chunks }: Variable, texts: readonly string[]): Uint8Array {
  const count = chunks.reduce((product, length) => product * length, 1);
  const encoded = Array.from({ length: count }, (_, index) => Buffer.from(texts[index] ?? '', 'utf8'));
  const length = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  return Buffer.concat([length(count), ...encoded.flatMap((bytes) => [length(bytes.length), bytes])]);
}
