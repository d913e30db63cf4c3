import { createHash } from 'node:crypto';
import { readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../harness/client.js';
import { Service } from '../harness/service.js';
import { StorageSite } from '../harness/storage-site.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import type { Measurement } from './measurement.js';

const MEBIBYTE = 1024 ** 2;
/** Beyond what the service needs anyway. MiB. */
const MOST_MORE = 300;

/**
 * A large output through the API, kept in a bucket: peak of the resident memory of the service, beside that before.
 * @param mebibytes of the output; `BENCH_OUTPUT_MIB`, default 2 GiB
 */
export async function measureLargeOutput(
  mebibytes = Number(process.env.BENCH_OUTPUT_MIB ?? 2_048),
): Promise<Measurement[]> {
  const directory = temporaryDirectory('bench-output');
  // Once on the disk of the node, once in the bucket.
  const { bavail, bsize } = statfsSync(directory.path);
  if (bavail * bsize < 2.5 * mebibytes * MEBIBYTE) throw new Error(`The disk has no room for ${mebibytes} MiB twice`);
  const site = await StorageSite.open(join(directory.path, 'blocks.yaml'));
  const service = await Service.start({ ...site.settings, DATA_DIR: join(directory.path, 'data') });
  try {
    const client = new Client(service.url());
    await client.ended(await client.submit('stored-file', { size: MEBIBYTE }), 600_000);
    const before = peakOf(service.pid);
    const size = mebibytes * MEBIBYTE;
    const began = performance.now();
    const job = await client.submit('stored-file', { size });
    const { status } = await client.ended(job, 3_600_000);
    if (status !== 'successful') throw new Error(`The job is ${status}`);
    const stored = performance.now();
    const response = await fetch(service.url(`/jobs/${job}/results/file`));
    const hash = createHash('sha256');
    for await (const chunk of response.body!) hash.update(chunk as Uint8Array);
    if (`"${hash.digest('hex')}"` !== response.headers.get('etag'))
      throw new Error('The output is not what was written');
    const sent = performance.now();
    const peak = peakOf(service.pid);
    const name = `a ${mebibytes} MiB output through the API`;
    return [
      {
        name: `${name}: peak resident memory of the service`,
        unit: 'MiB',
        value: peak,
        baseline: { name: 'before it', value: before },
        goal: { text: `at most ${MOST_MORE} MiB more`, met: peak - before <= MOST_MORE },
      },
      { name: `${name}: written and stored`, unit: 'MiB/s', value: (1_000 * mebibytes) / (stored - began) },
      { name: `${name}: read back`, unit: 'MiB/s', value: (1_000 * mebibytes) / (sent - stored) },
    ];
  } finally {
    await service.stop();
    await site.close();
    directory.remove();
  }
}

/** MiB; Linux */
function peakOf(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1_024;
}
