/** A BLOCKS_FILE that cannot be used; the message names every fault and repeats no value. */
export class BlocksFileError extends Error {
  constructor(path: string, faults: readonly string[], options?: ErrorOptions) {
    const lines = faults.map((fault) => `  - ${fault}`).join('\n');
    super(`The service cannot start, ${faults.length} fault(s) in BLOCKS_FILE ${path}:\n${lines}`, options);
    this.name = 'BlocksFileError';
  }
}
