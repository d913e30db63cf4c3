import { createReadStream, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Zip, ZipPassThrough } from 'fflate';
import { ProcessRejection } from '../../process-rejection.js';

/** What a zip without the zip64 extension holds; fflate writes no other. */
const MAX_ENTRIES = 65_535;
const MAX_BYTES = 4 * 1024 ** 3 - 1;
/** Room for the directory at the end of the zip: its entries repeat the names. */
const MAX_CONTENT_BYTES = MAX_BYTES - 64 * 1024 * 1024;

/**
 * Packs a directory into a zip file, streaming. The entries are stored as they are: the chunks of a Zarr store are
 * compressed already, and readers can then address them inside the zip.
 *
 * @throws ProcessRejection when the directory is larger than a zip can be
 * @throws the signal's reason when it is aborted
 */
export async function zipDirectory(directory: string, path: string, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(zipped(directory)), createWriteStream(path), { signal });
}

async function* zipped(directory: string): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((fault, bytes) => {
    if (fault) throw fault;
    ready.push(bytes);
  });
  let entries = 0;
  let total = 0;
  for await (const file of filesOf(directory)) {
    entries += 1;
    if (entries > MAX_ENTRIES) throw tooLarge();
    const entry = new ZipPassThrough(relative(directory, file).split(sep).join('/'));
    zip.add(entry);
    for await (const bytes of createReadStream(file) as AsyncIterable<Buffer>) {
      total += bytes.length;
      if (total > MAX_CONTENT_BYTES) throw tooLarge();
      entry.push(bytes);
      yield* ready.splice(0);
    }
    entry.push(new Uint8Array(0), true);
    yield* ready.splice(0);
  }
  zip.end();
  yield* ready.splice(0);
}

async function* filesOf(directory: string): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else yield path;
  }
}

function tooLarge(): ProcessRejection {
  return new ProcessRejection(
    'The converted recording is larger than a zip of a Zarr store may be (4 GiB, 65535 chunks); use outputType netcdf.',
    'outputType',
  );
}
