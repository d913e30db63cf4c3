import pino, { type DestinationStream } from 'pino';
import type { Settings } from '../../config/settings.js';
import { textLine } from './text-line.js';

/** Where log lines go, and how to be sure they are there before the process ends. */
export interface LogDestination {
  readonly stream: DestinationStream;
  close(): Promise<void>;
}

/**
 * Opens the destination of the service log: a file that rolls over at LOG_FILE_SIZE (LOG_FILE_COUNT files are kept,
 * numbered before the extension: `sluice.1.log`), else stdout, as text on a terminal and as JSON lines anywhere else.
 * @param isJson whether to write JSON lines on a terminal, too
 */
export async function openLogDestination(settings: Settings, isJson = false): Promise<LogDestination> {
  if (settings.LOG_FILE !== undefined) return openRollingFile(settings, settings.LOG_FILE);
  if (process.stdout.isTTY && !isJson) {
    const stream = { write: (line: string) => void process.stdout.write(textLine(line)) };
    return { stream, close: () => Promise.resolve() };
  }
  const stream = pino.destination({ fd: 1, sync: true });
  // The reader of a pipe may leave first (`npm start | head`); that is no reason to fall.
  stream.on('error', () => undefined);
  return { stream, close: () => Promise.resolve() };
}

async function openRollingFile(settings: Settings, file: string): Promise<LogDestination> {
  // With what it imports it is a tenth of all that a start loads, and most services write to stdout.
  const { default: rollingFile } = await import('pino-roll');
  const stream = await rollingFile({
    file,
    size: `${settings.LOG_FILE_SIZE}b`,
    mkdir: true,
    sync: true,
    // Files of earlier runs count too; with this option the count includes the file being written.
    limit: { count: settings.LOG_FILE_COUNT, removeOtherLogFiles: true },
  });
  const close = () =>
    new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.end();
    });
  return { stream, close };
}
