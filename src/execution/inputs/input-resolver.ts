import { Injectable } from '@nestjs/common';
import { InputResolution, type InputTaker } from './input-resolution.js';
import { InputStager } from './input-stager.js';
import { ReferenceReader } from './reference.reader.js';

/** Turns the inputs of an execute request into the values that `execute` receives (OGC 18-062r2 section 7.11.2). */
@Injectable()
export class InputResolver {
  constructor(private readonly references: ReferenceReader) {}

  /**
   * Reads inline values first, and fetches references only when nothing is wrong with all the rest. Values are validated
   * here only where references are still to be fetched, or something could not be read; in any case all of them are for
   * `RegisteredProcess.validateInputs` to validate then. Unknown input ids pass as they are.
   * @param raw inputs as sent
   * @param directory of the execution; binary inputs are put into files `inputs/<n>` in it
   * @param client its signal stops the reading
   * @returns values by input id, at once when none of them takes reading; an array for an input that may occur more than
   *   once, an `InputFile` for a binary one
   * @throws DomainError `invalid-parameter` with every violation; `reference-unavailable` when only the fetching
   *   failed. Staged files are removed then.
   */
  resolve(
    raw: Readonly<Record<string, unknown>>,
    process: InputTaker,
    directory: string,
    client: { readonly signal: AbortSignal },
  ): Record<string, unknown> | Promise<Record<string, unknown>> {
    const resolution = new InputResolution(raw, process, this.references);
    resolution.readInline();
    return resolution.isComplete
      ? resolution.values()
      : this.read(resolution, new InputStager(directory), client.signal);
  }

  private async read(resolution: InputResolution, stager: InputStager, signal: AbortSignal) {
    try {
      await resolution.readRest(stager, signal);
      return resolution.values();
    } catch (error) {
      await stager.discard();
      throw error;
    }
  }
}
