import { types } from 'node:util';

/**
 * SQLSTATEs that say "not now" rather than "not so": shutdown, starting up, an idle session ended, too many
 * connections, a standby or one that may only read, a full disk.
 */
const SQL_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25006', '53100']);

const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The pg client and its pool report these without a code. */
const MESSAGES = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^timeout expired/,
  /^Query read timeout/,
  /^Client has encountered a connection error/,
  /^Client was closed and is not queryable/,
  /^Cannot use a pool after calling end/,
];

/** TypeORM's errors for a data source that has no connection (yet, or any more). */
const NAMES = new Set(['CannotExecuteNotConnectedError', 'ConnectionIsNotSetError']);

/**
 * Whether an error of pg or TypeORM means that the database cannot be reached at the moment, so that the same
 * statement may succeed later. Errors of the statement itself give false.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  // Not `instanceof`: the errors of Node's sockets may come from another realm than this code.
  if (!types.isNativeError(error)) return false;
  const { code, syscall, driverError, errors } = error as Error & Record<string, unknown>;
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isDatabaseUnavailable);
  if (driverError !== undefined && driverError !== error) return isDatabaseUnavailable(driverError);
  if (typeof code === 'string') {
    if (SOCKET_ERRORS.has(code) || SQL_STATES.has(code) || /^08...$/.test(code)) return true;
    // A Unix socket that is gone; a missing file elsewhere is another matter.
    if (code === 'ENOENT') return syscall === 'connect';
  }
  return NAMES.has(error.name) || MESSAGES.some((message) => message.test(error.message));
}
