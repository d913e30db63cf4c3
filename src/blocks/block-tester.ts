/**
 * Port for tests that need more than the configuration itself. A room extends it, lists the class among its providers,
 * and the test of blocks finds it.
 */
export abstract class BlockTester {
  /**
   * Tries a block out.
   * @param block instance of the class of its type
   * @returns nothing for a block that this tester does not know, else what resolves when the block works
   */
  abstract test(block: object): Promise<void> | undefined;
}
