import type { Attributes, ElementType, Group, Source, Values, Variable } from './sonar-model.js';

/** An axis of a group: how long it is, and how many of its entries make a chunk (default: all). */
interface Axis {
  readonly length: number;
  readonly chunk?: number;
}

/** Collects the variables of one group, so that shapes and chunks follow from the names of the dimensions. */
export class GroupBuilder {
  private readonly variables: Variable[] = [];

  /** @param path absolute path of the group @param axes the dimensions its variables may use, by name */
  constructor(
    private readonly path: string,
    private readonly axes: Readonly<Record<string, Axis>> = {},
  ) {}

  /**
   * Adds a variable whose values are written while the raw file is read.
   * @param chunks entries per chunk, by dimension, where they differ from those of the axis
   */
  add(
    name: string,
    type: ElementType,
    dimensions: readonly string[],
    source: Source,
    attributes: Attributes = {},
    chunks: Readonly<Record<string, number>> = {},
  ): this {
    const axes = dimensions.map((dimension) => ({
      ...this.axes[dimension],
      ...(dimension in chunks && { chunk: chunks[dimension] }),
    }));
    this.variables.push({
      path: this.path === '/' ? `/${name}` : `${this.path}/${name}`,
      name,
      type,
      dimensions,
      shape: axes.map(({ length }) => length),
      chunks: axes.map(({ length, chunk }) => Math.max(1, Math.min(chunk ?? length, length))),
      attributes,
      source,
    });
    return this;
  }

  /** Adds a variable whose values are known. */
  constant(
    name: string,
    type: ElementType,
    dimensions: readonly string[],
    values: Values,
    attributes?: Attributes,
  ): this {
    return this.add(name, type, dimensions, { kind: 'constant', values }, attributes);
  }

  /** Adds floating point constants. */
  numbers(name: string, dimensions: readonly string[], values: readonly number[], attributes?: Attributes): this {
    return this.constant(name, 'float64', dimensions, Float64Array.from(values), attributes);
  }

  build(attributes: Attributes = {}): Group {
    return { path: this.path, attributes, variables: this.variables };
  }
}
