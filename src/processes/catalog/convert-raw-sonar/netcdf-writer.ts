import type { Dataset, File, Group as HdfGroup } from 'h5wasm/node';
import { SonarWriter, blankValues } from './sonar-model.js';
import type { AttributeValue, ElementType, Group, Values, Variable } from './sonar-model.js';

type Hdf = typeof import('h5wasm/node');

/** HDF5 types in the notation of h5wasm. */
const DTYPE: Readonly<Record<ElementType, string>> = {
  float64: '<d',
  float32: '<f',
  int64: '<q',
  int16: '<h',
  int8: '<b',
  string: 'S',
};
/** Deflate level: higher ones save a tenth of the size and cost a third of the time. */
const DEFLATE_LEVEL = 1;
const POINTER_BYTES = 4;

/**
 * Writes a NetCDF-4 file with HDF5. Coordinates become dimension scales, which is how NetCDF-4 names its dimensions;
 * creation order is tracked, as NetCDF-4 readers expect. The HDF5 library works on the file itself, not on a copy in
 * memory.
 */
export class NetcdfWriter extends SonarWriter {
  private constructor(
    private readonly hdf: Hdf,
    private file: File | undefined,
  ) {
    super();
  }

  /** Starts a file, replacing what lies at `path`. */
  static async open(path: string): Promise<NetcdfWriter> {
    const hdf = await import('h5wasm/node');
    const library = await hdf.ready;
    // Without this HDF5 prints its faults and carries on, for instance when the disk is full.
    library.activate_throwing_error_handler();
    return attempt(() => new NetcdfWriter(hdf, new hdf.File(path, 'w', { track_order: true })));
  }

  override create(groups: readonly Group[]): Promise<void> {
    return attempt(() => {
      for (const { path, attributes, variables } of groups) {
        const group = path === '/' ? this.root : this.root.create_group(path.slice(1), true);
        for (const [name, value] of Object.entries(attributes)) setAttribute(group, name, value, 'float64');
        for (const variable of variables) this.declare(group, path, variable);
      }
    });
  }

  override write(
    variable: Variable,
    start: readonly number[],
    shape: readonly number[],
    values: Values,
  ): Promise<void> {
    return attempt(() => {
      if (isTexts(values)) {
        this.writeTexts(variable, start[0], values);
        return;
      }
      const ranges = start.map((first, axis) => [first, first + shape[axis]] as [number, number]);
      (this.root.get(variable.path) as Dataset).write_slice(ranges, values);
    });
  }

  override finish(): Promise<void> {
    return attempt(() => {
      this.root.close();
      this.file = undefined;
    });
  }

  override dispose(): Promise<void> {
    try {
      this.file?.close();
    } catch {
      // The fault that led here is the one to report; HDF5 may be unable to flush for the same reason.
    }
    this.file = undefined;
    return Promise.resolve();
  }

  private get root(): File {
    if (!this.file) throw new Error('The NetCDF file is closed.');
    return this.file;
  }

  private declare(group: HdfGroup, groupPath: string, variable: Variable): void {
    const dataset =
      variable.source.kind === 'constant'
        ? this.constant(group, variable, variable.source.values)
        : this.empty(group, variable);
    const { name, type, dimensions, attributes } = variable;
    if (type === 'float64' || type === 'float32') {
      dataset.create_attribute('_FillValue', blankValues(type, 1) as Float64Array, [1], DTYPE[type]);
    }
    for (const [key, value] of Object.entries(attributes)) setAttribute(dataset, key, value, type);
    if (dimensions.length === 1 && dimensions[0] === name) {
      dataset.make_scale(name);
      return;
    }
    dimensions.forEach((dimension, axis) => dataset.attach_scale(axis, `${groupPath}/${dimension}`));
  }

  private constant(group: HdfGroup, { name, type, shape }: Variable, values: Values): Dataset {
    return group.create_dataset({ name, data: values, shape: [...shape], dtype: DTYPE[type], track_order: true });
  }

  /** HDF5 is given data when a dataset is made; made empty and then grown, nothing is held for it. */
  private empty(group: HdfGroup, { name, type, shape, chunks }: Variable): Dataset {
    const dataset = group.create_dataset({
      name,
      data: blankValues(type, 0),
      shape: shape.map(() => 0),
      // A fixed dimension of length 0 is not allowed in NetCDF; an unlimited one is.
      maxshape: shape.map((length) => length || null),
      chunks: [...chunks],
      dtype: DTYPE[type],
      ...(type !== 'string' && { compression: DEFLATE_LEVEL }),
      track_order: true,
    });
    dataset.resize([...shape]);
    return dataset;
  }

  /**
   * HDF5 takes texts of variable length as pointers, and h5wasm offers no call to write some of them into an existing
   * dataset; so the pointers are laid out in its memory here.
   */
  private writeTexts({ path }: Variable, start: number, texts: readonly string[]): void {
    const library = this.hdf.Module;
    const encoded = texts.map((text) => Buffer.from(`${text}\0`, 'utf8'));
    const size = encoded.reduce((sum, { length }) => sum + length, 0);
    const pointers = library._malloc(texts.length * POINTER_BYTES + size);
    if (pointers === 0) throw new Error('The HDF5 library has no memory left.');
    try {
      const table = new Uint32Array(texts.length);
      let address = pointers + texts.length * POINTER_BYTES;
      encoded.forEach((bytes, index) => {
        table[index] = address;
        library.HEAPU8.set(bytes, address);
        address += bytes.length;
      });
      library.HEAPU8.set(new Uint8Array(table.buffer), pointers);
      library.set_dataset_data(
        this.root.file_id,
        path,
        [BigInt(texts.length)],
        [BigInt(start)],
        [1n],
        BigInt(pointers),
      );
    } finally {
      library._free(pointers);
    }
  }
}

/** Does the synchronous work of HDF5; of its faults, pages long, the message says what the system answered. */
function attempt<Result>(work: () => Result): Promise<Result> {
  try {
    return Promise.resolve(work());
  } catch (fault) {
    const reason = /error message = '([^']+)'/.exec(String(fault))?.[1] ?? 'the HDF5 library reports a fault';
    return Promise.reject(new Error(`The NetCDF file could not be written: ${reason}.`, { cause: fault }));
  }
}

function isTexts(values: Values): values is string[] {
  return Array.isArray(values);
}

/** @param type of numbers; flags and ranges have that of their variable, after the CF convention */
function setAttribute(target: HdfGroup | Dataset, name: string, value: AttributeValue, type: ElementType): void {
  // A text of fixed length is a character attribute of NetCDF, as its tools expect for units and the like.
  if (typeof value === 'string') target.create_attribute(name, value, [], `S${Math.max(1, Buffer.byteLength(value))}`);
  else if (typeof value === 'number') target.create_attribute(name, value, [], DTYPE[type]);
  else if (value.every((entry) => typeof entry === 'string'))
    target.create_attribute(name, [...value] as string[], null, 'S');
  else target.create_attribute(name, [...value] as number[], null, DTYPE[type]);
}
