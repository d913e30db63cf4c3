import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { MediaType } from '../ogc/media-type.js';
import { InputFile } from '../processes/input-file.js';
import type { RunFiles } from './files/run-files.js';
import { StoredFiles } from './files/stored-files.js';
import { JobFiles } from './job-files.js';
import type { StagedFile, StagedInputs } from './job.types.js';

/** Input values in the form a job row holds them. */
export interface StoredInputs {
  readonly inputs: Record<string, unknown>;
  readonly staged?: StagedInputs;
}

/**
 * Turns resolved inputs into what a job row holds, and back. Binary inputs are files already, the row names them;
 * a document larger than INLINE_INPUT becomes a file as a whole, so that rows stay small.
 */
@Injectable()
export class JobInputs {
  constructor(
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly settings: Settings,
  ) {}

  /**
   * @param values by input id; `InputFile`s stand at the top level or in an array there
   * @param storage of the job; files are put into it, and remain on this machine as well
   * @throws DomainError `storage-unavailable`, at once: nothing is accepted yet
   */
  async store(jobId: string, values: Readonly<Record<string, unknown>>, storage?: string): Promise<StoredInputs> {
    const stored = await this.storeHere(jobId, values);
    const { staged } = stored;
    if (storage === undefined || staged === undefined) return stored;
    const upload = (path: string, mediaType: string) =>
      this.stored.upload({ path: this.files.absolute(path), mediaType }, storage, {}, 0);
    const files: Record<string, StagedFile> = {};
    for (const [place, file] of Object.entries(staged.files ?? {})) {
      files[place] = { ...file, path: await upload(file.path, file.mediaType) };
    }
    const document = staged.document && (await upload(staged.document, MediaType.json));
    return { inputs: stored.inputs, staged: { ...(document && { document }), ...(staged.files && { files }) } };
  }

  private async storeHere(jobId: string, values: Readonly<Record<string, unknown>>): Promise<StoredInputs> {
    const found: Record<string, StagedFile> = {};
    const inputs = this.withoutFiles(values, found);
    const files = Object.keys(found).length > 0 ? found : undefined;
    const json = JSON.stringify(inputs);
    // A character is at least a byte: the cheap test settles nearly every case.
    if (json.length <= this.settings.INLINE_INPUT) return { inputs, ...(files && { staged: { files } }) };

    const directory = join(this.files.directory(jobId), 'inputs');
    const path = join(directory, 'inputs.json');
    await mkdir(directory, { recursive: true });
    await writeFile(path, json);
    return { inputs: {}, staged: { document: this.files.stored(path), ...(files && { files }) } };
  }

  /**
   * The inverse of {@link store}.
   * @param run brings files to this machine that are elsewhere
   */
  async load(
    stored: { readonly inputs: Record<string, unknown>; readonly staged: StagedInputs | null },
    run: RunFiles,
  ): Promise<Record<string, unknown>> {
    const { inputs, staged } = stored;
    if (staged === null) return inputs;
    const values =
      staged.document === undefined
        ? inputs
        : (JSON.parse(await readFile(await run.fetch(staged.document), 'utf8')) as Record<string, unknown>);
    for (const [key, file] of Object.entries(staged.files ?? {})) {
      const value = new InputFile(await run.fetch(file.path), file.size, file.mediaType, file.name);
      const [id, index] = JSON.parse(key) as [string, number?];
      if (index === undefined) values[id] = value;
      else (values[id] as unknown[])[index] = value;
    }
    return values;
  }

  private withoutFiles(values: Readonly<Record<string, unknown>>, found: Record<string, StagedFile>) {
    const take = (value: unknown, place: readonly [string, number?]): unknown => {
      if (!(value instanceof InputFile)) return value;
      const { path, size, mediaType, name } = value;
      found[JSON.stringify(place)] = {
        path: this.files.stored(path),
        size,
        mediaType,
        ...(name !== undefined && { name }),
      };
      return null;
    };
    return Object.fromEntries(
      Object.entries(values).map(([id, value]) => [
        id,
        Array.isArray(value) ? value.map((item, index) => take(item, [id, index])) : take(value, [id]),
      ]),
    );
  }
}
