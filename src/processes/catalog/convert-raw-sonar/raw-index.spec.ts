import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { START, annotation, configuration, datagram, nmea, ping } from '../../../../test/harness/ek60-generator.js';
import { MAX_SAMPLES, MAX_TEXT_BYTES } from './ek60-datagrams.js';
import { indexRaw } from './raw-index.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-index-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function index(...parts: Buffer[]) {
  const path = join(directory, 'file.raw');
  await writeFile(path, Buffer.concat(parts));
  return indexRaw(path, new AbortController().signal);
}

describe(indexRaw.name, () => {
  it('counts pings, samples, sentences, positions, annotations and datagrams', async () => {
    const found = await index(
      configuration([{}, {}]),
      nmea('$GPVTG,1'),
      nmea('$GPGLL,4916.45,N,12311.12,E'),
      ping({ channel: 1, power: [1, 2] }),
      ping({ channel: 2, power: [1, 2, 3], angles: [[1, 2], [3, 4], [5, 6]] }), // prettier-ignore
      annotation('haul 7'),
      ping({ channel: 1, time: START + 1_000_000_000n }),
      datagram('DEP0', Buffer.alloc(10)),
    );
    expect(found).toMatchObject({
      pings: 2,
      samples: 3,
      hasAngles: true,
      firstPing: START,
      lastPing: START + 1_000_000_000n,
      transducerDepth: 5.5,
      nmeaSentences: 2,
      positions: 1,
      annotations: 1,
    });
    expect(found.firstPosition).toMatchObject({ sentence: 'GLL' });
    expect(Object.fromEntries(found.datagrams)).toEqual({ CON0: 1, NME0: 2, RAW0: 3, TAG0: 1, DEP0: 1 });
    expect(found.channels.map(({ pings }) => pings)).toEqual([2, 1]);
  });

  it('reads every field of the configuration', async () => {
    const { configuration: read } = await index(
      configuration([
        { channelId: 'GPT 120 kHz\u00e9', frequency: 120000, beamType: 0, gain: 27, position: [4, 5, 6] },
      ]),
      ping(),
    );
    expect(read).toMatchObject({ surveyName: 'GENERATED', transectName: 'T1', sounderName: 'ER60', version: '2.2.1' });
    expect(read.transceivers).toEqual([
      {
        channelId: 'GPT 120 kHz\u00e9',
        beamType: 0,
        frequency: 120000,
        gain: 27,
        equivalentBeamAngle: -20.5,
        beamwidthAlongship: 7.25,
        beamwidthAthwartship: 7.5,
        angleSensitivityAlongship: 21.5,
        angleSensitivityAthwartship: 22.75,
        angleOffsetAlongship: 0.25,
        angleOffsetAthwartship: -0.125,
        position: [4, 5, 6],
        direction: [0, 0, 1],
        pulseLengths: [0.25, 0.5, 1, 2, 4],
        gains: [20, 21, 22, 23, 24],
        saCorrections: [0, -0.25, -0.5, -0.75, -1],
        gptSoftwareVersion: '070413',
      },
    ]);
  });

  it('sorts channels by id and leaves out those without a ping', async () => {
    const found = await index(
      configuration([{ channelId: 'c' }, { channelId: 'b' }, { channelId: 'a' }]),
      ping({ channel: 1 }),
      ping({ channel: 3 }),
    );
    expect(found.channels.map(({ number, transceiver }) => [number, transceiver.channelId])).toEqual([
      [3, 'a'],
      [1, 'c'],
    ]);
  });

  it('begins a ping where the time changes or a channel comes again', async () => {
    const later = START + 500n;
    const found = await index(
      configuration([{}, {}]),
      ping({ channel: 1 }),
      ping({ channel: 2 }),
      ping({ channel: 2 }),
      ping({ channel: 1, time: later }),
    );
    expect(found.pings).toBe(3);
  });

  it('bounds the number of type names it remembers', async () => {
    const types = Array.from({ length: 100 }, (_, n) => datagram(`X${String(n).padStart(3, '0')}`, Buffer.alloc(4)));
    const { datagrams } = await index(configuration(), ping(), ...types);
    expect(datagrams.size).toBeLessThan(40);
    expect([...datagrams.values()].reduce((sum, count) => sum + count, 0)).toBe(102);
  });

  const body = (bytes: number) => Buffer.alloc(bytes);
  it.each([
    ['an empty file', [], 'is empty'],
    ['a file of another kind', [datagram('XML0', body(8))], 'begins with "XML0"'],
    ['a file without pings', [configuration()], 'no samples'],
    ['pings without samples', [configuration(), ping({ power: [] })], 'no samples'],
    ['a second CON0', [configuration(), configuration()], 'a second CON0'],
    ['a CON0 shorter than its header', [datagram('CON0', body(515))], 'shorter than its header'],
    ['a CON0 without transceivers', [configuration([{}], 0)], 'declares 0 transceivers'],
    ['a negative number of transceivers', [configuration([{}], -1)], 'declares -1 transceivers'],
    ['an absurd number of transceivers', [configuration([{}], 2 ** 31 - 1)], 'declares 2147483647 transceivers'],
    ['more transceivers than the bytes hold', [configuration([{}], 3)], 'do not hold them'],
    ['a transceiver without frequency', [configuration([{ frequency: 0 }])], 'no frequency'],
    ['a transceiver whose frequency is not a number', [configuration([{ frequency: NaN }])], 'no frequency'],
    ['a RAW0 shorter than its header', [configuration(), datagram('RAW0', body(71))], 'shorter than its header'],
    ['channel 0', [configuration(), ping({ channel: 0 })], 'of channel 0'],
    ['a negative channel', [configuration(), ping({ channel: -1 })], 'of channel -1'],
    ['a channel that CON0 does not declare', [configuration([{}]), ping({ channel: 2 })], 'of channel 2'],
    ['an unknown mode', [configuration(), ping({ mode: 8 })], 'the mode 8'],
    ['a negative number of samples', [configuration(), ping({ count: -5 })], 'declares -5 samples'],
    ['an absurd number of samples', [configuration(), ping({ count: 2 ** 31 - 1 })], `0 to ${MAX_SAMPLES}`],
    ['more samples than the bytes hold', [configuration(), ping({ power: [1, 2], count: 3 })], 'hold fewer'],
    ['angles that are missing', [configuration(), ping({ mode: 3, power: [1, 2], angles: [] })], 'hold fewer'],
    ['an endless sentence', [configuration(), nmea('x'.repeat(MAX_TEXT_BYTES))], 'NME0 datagram holds'],
    ['an endless annotation', [configuration(), annotation('x'.repeat(MAX_TEXT_BYTES))], 'TAG0 datagram holds'],
  ])('rejects %s', async (_, parts, message) => {
    const indexing = index(...parts);
    await expect(indexing).rejects.toMatchObject({ name: 'ProcessRejection', input: 'rawFile' });
    await expect(indexing).rejects.toThrow(message);
  });

  it('rejects a file whose padding would be out of proportion, before anything is written', async () => {
    const long = ping({ power: new Array<number>(200_000).fill(0) });
    const short = Array.from({ length: 2000 }, (_, row) => ping({ power: [1], time: START + BigInt(row + 1) * 1000n }));
    await expect(index(configuration(), long, ...short)).rejects.toThrow('differ too much in length');
  });

  it('rejects more samples per ping than a block can hold', async () => {
    const transceivers = Array.from({ length: 20 }, () => ({}));
    const pings = transceivers.map((_, n) =>
      ping({ channel: n + 1, power: new Array<number>(n ? 1 : 500_000).fill(0) }),
    );
    await expect(index(configuration(transceivers), ...pings)).rejects.toThrow('differ too much in length');
  });
});
