import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import { configuration, ping, START } from '../harness/ek60-generator.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();

/** A recording that takes seconds to convert. */
function recording(): string {
  const power = Array.from({ length: 2_000 }, (_, sample) => -((sample * 7_919) % 20_000));
  const pings = Array.from({ length: 2_500 }, (_, row) => ping({ power, time: START + BigInt(row) * 1_000_000_000n }));
  return Buffer.concat([configuration([{}]), ...pings]).toString('base64');
}

describe('convert-raw-sonar', () => {
  it('whose worker is killed after the file was opened saves it elsewhere without opening it again', async () => {
    const site = await sites.open();
    const { client, workers } = await site.nodes(2);
    const job = await client.submit('convert-raw-sonar', { rawFile: recording() });
    const began = async (task: string) =>
      (await site.history(job)).filter(({ type, data }) => type === 'task-started' && data?.task === task).length;
    await eventually(
      async () => ((await began('save converted file')) === 1 ? true : undefined),
      'the converted file is being saved',
    );

    (await site.holder(job, workers)).kill('SIGKILL');

    expect(await client.ended(job)).toMatchObject({ status: 'successful', progress: 100 });
    expect(await site.row(job)).toMatchObject({ recoveries: 1 });
    expect([await began('open raw file'), await began('save converted file')]).toEqual([1, 2]);
    const { lines } = await client.getJson<{ lines: { message: string; data?: { task?: string } }[] }>(
      `/jobs/${job}/logs`,
    );
    expect(lines.filter(({ data }) => data?.task === 'open raw file')).toHaveLength(1);
    const response = await client.get(`/jobs/${job}/results/converted`);
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('HDF');
  });
});
