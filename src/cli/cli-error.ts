import { ExitCode } from './exit-code.js';

/** Ends a command: a message for people, the same for programs, and an exit code. */
export class CliError extends Error {
  /**
   * @param message what happened, one or more lines
   * @param advice what to do about it
   * @param facts members of the JSON form besides `exitCode` and `message`
   */
  constructor(
    message: string,
    readonly exitCode: ExitCode,
    readonly advice?: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = new.target.name;
  }

  /** What `--json` prints on standard output. */
  toJSON(): Record<string, unknown> {
    return { exitCode: this.exitCode, message: this.message, ...this.facts };
  }
}

/** The command was called in a way that cannot work; nothing was sent that changes anything. */
export class UsageError extends CliError {
  constructor(message: string, advice?: string) {
    super(message, ExitCode.usage, advice);
  }
}
