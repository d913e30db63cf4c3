/**
 * The code of a flow took another way than it did before the job was interrupted: a step has other arguments or another
 * name, or is missing, or its place in the memory is left to chance. What is remembered does not fit any more, and the
 * job fails.
 */
export class NonDeterminismError extends Error {
  override readonly name = 'NonDeterminismError';

  /** @param key of the step */
  static ofStep(key: string): NonDeterminismError {
    return new NonDeterminismError(
      `The step "${key}" is not what it was when it ran before the job was interrupted: its name or its arguments differ. ` +
        'Take what changes from run to run (time, chance, files, settings) from inside of a step, or give the task the ' +
        "option onDrift: 'rerun', and start the job anew.",
    );
  }

  /** @param key of a step that the code did not come to again */
  static withoutStep(key: string): NonDeterminismError {
    return new NonDeterminismError(
      `The step "${key}" ran before the job was interrupted, and the code has not come to it again. When a step is renamed ` +
        'or removed, give the process a new version; take what changes from run to run (time, chance, files, settings) ' +
        'from inside of a step. Start the job anew.',
    );
  }

  /**
   * @param name of two steps at the same time
   * @param place in which both were called
   */
  static ofNames(name: string, place: string): NonDeterminismError {
    return new NonDeterminismError(
      `Two steps named "${name}" run at once in ${place}: their order is not the same at a replay. Give them keys: ` +
        'context.run(key, ...), context.map(items, ..., { key, name }), or the option `key` of sleep and runProcess.',
    );
  }
}
