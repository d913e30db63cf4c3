const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of a server without the control characters that could rewrite what a terminal shows. */
export function printable(text: string): string {
  return text.replace(CONTROL, '');
}

/** A line on standard output: what the command is for. */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** A document on standard output, for programs. */
export function printJson(document: unknown, indent: 0 | 2 = 2): void {
  process.stdout.write(`${JSON.stringify(document, undefined, indent)}\n`);
}

/** A line on standard error: what happens meanwhile, and what went wrong. */
export function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
