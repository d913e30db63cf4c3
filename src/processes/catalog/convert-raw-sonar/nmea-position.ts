/** Where the platform was, from one NMEA sentence. Degrees, north and east positive; NaN when the sentence has none. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  /** `GGA`, `GLL` or `RMC` */
  readonly sentence: string;
}

/** Index of the latitude field, by the type of the sentence; hemisphere, longitude and its hemisphere follow. */
const LATITUDE_FIELD: ReadonlyMap<string, number> = new Map([
  ['GGA', 2],
  ['GLL', 1],
  ['RMC', 3],
]);

/**
 * Reads the position out of an NMEA 0183 sentence.
 *
 * @returns undefined for a sentence of a type that carries no position; NaN coordinates when the sentence is of such a
 * type but holds no fix, is malformed, or its checksum is wrong
 */
export function positionOf(sentence: string): Position | undefined {
  const type = sentence.slice(3, 6);
  const field = LATITUDE_FIELD.get(type);
  if (field === undefined || !sentence.startsWith('$')) return undefined;
  const nothing = { latitude: NaN, longitude: NaN, sentence: type };
  if (!checksumHolds(sentence)) return nothing;
  const fields = sentence.replace(/\*.*$/s, '').split(',');
  const latitude = degrees(fields[field], fields[field + 1], 'N', 'S', 90);
  const longitude = degrees(fields[field + 2], fields[field + 3], 'E', 'W', 180);
  return Number.isNaN(latitude + longitude) ? nothing : { latitude, longitude, sentence: type };
}

/** `5445.9292,N`: whole degrees, then two digits of whole minutes and their decimals. */
function degrees(value = '', hemisphere = '', positive: string, negative: string, limit: number): number {
  const match = /^(\d{1,3})(\d\d(?:\.\d*)?)$/.exec(value);
  if (!match || (hemisphere !== positive && hemisphere !== negative)) return NaN;
  const magnitude = Number(match[1]) + Number(match[2]) / 60;
  if (magnitude > limit) return NaN;
  return hemisphere === negative ? -magnitude : magnitude;
}

/** A sentence without a checksum is taken as it is: EK60 files often hold such ones. */
function checksumHolds(sentence: string): boolean {
  const match = /^\$([^*]*)\*([0-9A-Fa-f]{2})\s*$/.exec(sentence);
  if (!match) return !sentence.includes('*');
  let sum = 0;
  for (let index = 0; index < match[1].length; index += 1) sum ^= match[1].charCodeAt(index);
  return sum === parseInt(match[2], 16);
}
