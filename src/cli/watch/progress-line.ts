import type { StatusInfo } from '../client/ogc-documents.js';
import { printable } from '../output/terminal.js';

const BAR = 30;

/** `[=====>     ] 45%  running  message  12 s`, cut to a width. */
export function progressText({ status, progress, message }: StatusInfo, seconds: number, width: number): string {
  const done = Math.round((Math.min(100, Math.max(0, progress ?? 0)) / 100) * BAR);
  const bar = `[${'='.repeat(done)}${done < BAR ? '>' : ''}`.padEnd(BAR + 1).slice(0, BAR + 1);
  const parts = [`${bar}] ${String(progress ?? 0).padStart(3)}%`, status, printable(message ?? ''), `${seconds} s`];
  const text = parts.filter((part) => part !== '').join('  ');
  return text.replace(/\s+/g, (blank) => (blank.includes('\n') ? ' ' : blank)).slice(0, Math.max(10, width - 1));
}

/** A progress bar on the last line of a terminal; on anything else it shows nothing. */
export class ProgressLine {
  private readonly start = Date.now();
  private shown = '';
  private last: StatusInfo | undefined;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  show(info: StatusInfo): void {
    this.last = info;
    if (!this.stream.isTTY) return;
    const seconds = Math.floor((Date.now() - this.start) / 1_000);
    const text = progressText(info, seconds, this.stream.columns || 80);
    if (text === this.shown) return;
    this.shown = text;
    this.stream.write(`\r\u001b[K${text}`);
  }

  /** Writes whole lines above the bar. */
  above(text: string): void {
    this.clear();
    this.stream.write(`${printable(text)}\n`);
    if (this.last) this.show(this.last);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.shown !== '') this.stream.write('\r\u001b[K');
    this.shown = '';
  }
}
