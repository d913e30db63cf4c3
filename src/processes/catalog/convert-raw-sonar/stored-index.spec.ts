import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RawIndex } from './raw-index.js';
import { readIndex, storeIndex } from './stored-index.js';

const number = fc.oneof(fc.float(), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0));
const text = fc.string({ unit: 'binary', maxLength: 128 });
const transceiver = fc.record({
  channelId: text,
  beamType: fc.integer(),
  frequency: number,
  position: fc.tuple(number, number, number),
  gains: fc.array(number, { minLength: 5, maxLength: 5 }),
});
const index = fc.record({
  configuration: fc.record({ surveyName: text, transceivers: fc.array(transceiver, { maxLength: 64 }) }),
  created: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
  channels: fc.array(fc.record({ number: fc.nat(), transceiver, pings: fc.nat() }), { maxLength: 64 }),
  hasAngles: fc.boolean(),
  transducerDepth: number,
  firstPosition: fc.option(fc.record({ latitude: number, longitude: number }), { nil: undefined }),
  datagrams: fc.array(fc.tuple(text, fc.nat()), { maxLength: 33 }).map((entries) => new Map(entries)),
}) as unknown as fc.Arbitrary<RawIndex>;

describe('an index that a step remembers', () => {
  it('is the same after it was JSON, and small enough for a step', () => {
    fc.assert(
      fc.property(index, (original) => {
        const json = JSON.stringify(storeIndex(original));
        expect(readIndex(JSON.parse(json) as Record<string, unknown>)).toEqual(original);
        expect(Buffer.byteLength(json)).toBeLessThan(1024 ** 2);
      }),
      { numRuns: 200 },
    );
  });
});
