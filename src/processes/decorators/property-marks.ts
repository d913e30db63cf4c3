import 'reflect-metadata';

/**
 * Options attached to the properties of DTO classes. Each class holds its own; reading joins them along the prototypes.
 */
export class PropertyMarks<Options> {
  private readonly key: symbol;

  constructor(name: string) {
    // The registry of symbols is shared, so DTOs loaded next to a second copy of this package are still understood.
    this.key = Symbol.for(name);
  }

  set(prototype: object, property: string | symbol, options: Options): void {
    if (typeof property === 'symbol') {
      throw new TypeError('An input or output needs a property with a string name, not a symbol.');
    }
    const own = Reflect.getOwnMetadata(this.key, prototype) as Map<string, Options> | undefined;
    if (own) own.set(property, options);
    else Reflect.defineMetadata(this.key, new Map([[property, options]]), prototype);
  }

  of(prototype: object): ReadonlyMap<string, Options> {
    const parent = Reflect.getPrototypeOf(prototype);
    const inherited = parent ? this.of(parent) : undefined;
    const own = Reflect.getOwnMetadata(this.key, prototype) as Map<string, Options> | undefined;
    return new Map([...(inherited ?? []), ...(own ?? [])]);
  }
}
