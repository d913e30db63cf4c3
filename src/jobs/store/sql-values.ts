/** Gathers the values of a statement whose text is put together from parts. */
export class SqlValues {
  readonly list: unknown[] = [];

  /** @returns the placeholder of the value */
  add(value: unknown): string {
    return `$${this.list.push(value)}`;
  }
}
