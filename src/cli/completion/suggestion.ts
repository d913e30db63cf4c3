/** Something the word being typed may become. */
export interface Suggestion {
  readonly value: string;
  /** A few words beside it, in shells that show them. */
  readonly hint?: string;
}
