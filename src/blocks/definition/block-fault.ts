/** What is wrong with a value of a block. */
export interface BlockFault {
  /** The property that is to blame. */
  readonly property: string;
  /** A sentence that repeats no secret. */
  readonly detail: string;
}

/**
 * A class of blocks that says what is wrong with its values as a whole, when a block is stored. Properties that refer to
 * other blocks are not set then; faults about them are left out.
 */
export interface JudgingBlock {
  faults(): Iterable<BlockFault>;
}

/** What a block says of itself; nothing where its class has no {@link JudgingBlock.faults}. */
export function faultsOfBlock(block: object): BlockFault[] {
  const judge = block as Partial<JudgingBlock>;
  return typeof judge.faults === 'function' ? [...judge.faults()] : [];
}
