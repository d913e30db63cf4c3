/** The server offers nothing on which the requirement could be tried, or the tester was not told enough. */
export class NotTestable extends Error {
  override readonly name = 'NotTestable';
}
