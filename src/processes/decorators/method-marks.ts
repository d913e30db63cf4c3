import 'reflect-metadata';

/** What decorators left at the methods of classes. Each class holds its own; reading joins them along the prototypes. */
export class MethodMarks<Mark> {
  private readonly key: symbol;

  constructor(name: string) {
    // The registry of symbols is shared, so classes loaded next to a second copy of this package are still understood.
    this.key = Symbol.for(name);
  }

  add(prototype: object, mark: Mark): void {
    const own = (Reflect.getOwnMetadata(this.key, prototype) ?? []) as Mark[];
    Reflect.defineMetadata(this.key, [...own, mark], prototype);
  }

  /** In the order of declaration, base classes first. */
  of(prototype: object): readonly Mark[] {
    const parent = Reflect.getPrototypeOf(prototype);
    const own = (Reflect.getOwnMetadata(this.key, prototype) ?? []) as Mark[];
    return parent ? [...this.of(parent), ...own] : own;
  }
}
