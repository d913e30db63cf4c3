/**
 * Port for whatever uses blocks, such as jobs that are not over: says whether a block may go. A room extends it, lists
 * the class among its providers, and the removal of blocks finds it.
 */
export abstract class BlockUsage {
  /**
   * @param ref `<type>/<name>`
   * @returns words for what uses the block, for instance `3 jobs that have not ended`; nothing when it is free
   */
  abstract useOf(ref: string): Promise<string | undefined>;
}
