import { describe, expect, it } from '@jest/globals';
import { positionOf } from './nmea-position.js';

describe(positionOf.name, () => {
  it.each([
    ['$GPGGA,231011,5445.9292,N,16313.8127,W,1,10,00.8,27.6,M,11.1,M,,', 'GGA', 54.76548666666667, -163.23021166666666],
    ['$GPGLL,4916.45,S,12311.12,E,225444,A', 'GLL', -49.27416666666667, 123.18533333333333],
    ['$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A', 'RMC', 48.1173, 11.516666666666667],
  ])('reads %s', (sentence, type, latitude, longitude) => {
    const position = positionOf(sentence)!;
    expect(position.sentence).toBe(type);
    expect(position.latitude).toBeCloseTo(latitude, 12);
    expect(position.longitude).toBeCloseTo(longitude, 12);
  });

  it.each(['$GPVTG,072,T,057,M,00.9,N,01.6,K,A', '$SDVLW,475.702,N,475.702,N', '', 'GPGGA', '$GP', 'xxxGGA,1'])(
    'finds no position in %p',
    (sentence) => expect(positionOf(sentence)).toBeUndefined(),
  );

  it.each([
    ['no fix', '$GPGGA,231011,,,,,0,00,,,M,,M,,'],
    ['too few fields', '$GPGLL'],
    ['no hemisphere', '$GPGLL,4916.45,,12311.12,E'],
    ['letters for digits', '$GPGLL,49AB.45,N,12311.12,E'],
    ['latitude beyond the pole', '$GPGLL,9100.00,N,12311.12,E'],
    ['a wrong checksum', '$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6B'],
    ['a broken checksum', '$GPGLL,4916.45,N,12311.12,E*'],
  ])('gives NaN for %s', (_, sentence) => {
    expect(positionOf(sentence)).toMatchObject({ latitude: NaN, longitude: NaN });
  });
});
