/**
 * One SQL statement of the hot path. It runs as a prepared statement under its name, so PostgreSQL parses it once per
 * connection. `Row` is the shape of a returned row as the driver delivers it.
 */
export class Statement<Row = Record<string, unknown>> {
  declare readonly row: Row;

  /** @param name unique in the service, at most 63 characters */
  constructor(
    readonly name: string,
    readonly text: string,
  ) {}
}
