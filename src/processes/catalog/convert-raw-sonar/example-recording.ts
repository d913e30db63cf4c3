import { inflateRawSync } from 'node:zlib';

/** One transceiver and two pings of three samples each, made up; deflated, since most of a header is zeros. */
const DEFLATED =
  'xZO/SsNQFMZ/IWOXDoJrnqCkrfiniLmneolTG0JA8BWk4Ox0H6GLeykdOnToUEQXE/f6Dg4OhS6dBcGkobZuLuWe8Xyc78+BL3LhstvxTeV73l' +
  'vOnVB3dCyJvsLOJHWsjo6PfZv6jVqjZvMFDhBGidc89e6uH+x54P4ghJnA6A0WClYKJgJPAuYCeAUTAAqU2l4XuzUebHGzgw8ExgJTgWeBTP6q' +
  'm5yXFFSa36ebrX/iH9Wb//MfuXALxHLz2ytnnWqqylxfeb1Mi/6hBnNG9aWo23npOwvAy0rPs/Yurwv0F+PP7KNg3ygwfHzfj8IP';

/** An EK60 recording small enough to be shown: the example of the input `rawFile`, in base64. */
export const EXAMPLE_RECORDING = inflateRawSync(Buffer.from(DEFLATED, 'base64')).toString('base64');
