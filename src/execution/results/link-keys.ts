/** The keys that links of this deployment are signed with: the first one signs, all of them are believed. */
export abstract class LinkKeys {
  /** 32 bytes each. */
  abstract get(): readonly Buffer[] | Promise<readonly Buffer[]>;
}
