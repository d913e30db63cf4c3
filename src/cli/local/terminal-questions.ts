import { createInterface, type Interface } from 'node:readline';
import type { LocalQuestion } from '../../run-local.js';
import { CliError } from '../cli-error.js';
import type { Schema } from '../client/ogc-documents.js';
import { ExitCode } from '../exit-code.js';
import { parseValue, UnfitValue } from '../inputs/input-value.js';
import { nameOfSchema } from '../inputs/schema-shape.js';
import { note, printable } from '../output/terminal.js';

/**
 * Asks for the input that steps wait for: a line of standard input for each property of the answer. Several questions are
 * asked one after the other.
 */
export class TerminalQuestions {
  private input?: Interface;
  private lines?: AsyncIterator<string>;
  private last: Promise<unknown> = Promise.resolve();

  /**
   * @param clear takes away what stands in the last line of the terminal
   * @param signal ends the waiting, with its reason
   */
  constructor(
    private readonly clear: () => void,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns an answer that fits @throws CliError when standard input ends; the reason of the signal */
  ask(question: LocalQuestion): Promise<unknown> {
    const asked = this.last.catch(() => undefined).then(() => this.untilItFits(question));
    this.last = asked;
    return asked;
  }

  close(): void {
    this.input?.close();
  }

  private async untilItFits(question: LocalQuestion): Promise<unknown> {
    const { key, message, schema } = question;
    this.clear();
    note(`${key} waits for input${message === undefined ? '.' : `: ${message}`}`);
    for (;;) {
      const answer = await this.answer(key, schema);
      const violations = question.violationsOf(answer);
      if (violations.length === 0) return answer;
      for (const { pointer, detail } of violations) note(`  ${[pointer, detail].filter(Boolean).join(': ')}`);
    }
  }

  private async answer(key: string, schema: Schema): Promise<unknown> {
    const { properties } = schema;
    if (properties === undefined) return await this.value(key, schema, true);
    const required = (schema as { required?: readonly string[] }).required ?? [];
    const answer: [string, unknown][] = [];
    for (const [name, property] of Object.entries(properties)) {
      const value = await this.value(name, property, required.includes(name));
      if (value !== undefined) answer.push([name, value]);
    }
    return Object.fromEntries(answer);
  }

  /** @returns undefined for an empty line where there need be no value */
  private async value(name: string, schema: Schema, isRequired: boolean): Promise<unknown> {
    const { title, description, default: preset } = schema;
    const words = [title ?? name, description].filter(Boolean).join(': ');
    const hint = preset !== undefined ? `, else ${JSON.stringify(preset)}` : isRequired ? '' : ', may be empty';
    for (;;) {
      const line = await this.line(`  ${words} (${nameOfSchema(schema)}${hint}): `);
      if (line === '' && preset !== undefined) return preset;
      if (line === '' && !isRequired) return undefined;
      try {
        return parseValue(line, schema);
      } catch (error) {
        if (!(error instanceof UnfitValue)) throw error;
        note(`  This ${error.message}.`);
      }
    }
  }

  private async line(prompt: string): Promise<string> {
    // Without line editing of its own, so that Ctrl-C stays a signal.
    this.input ??= createInterface({ input: process.stdin, terminal: false });
    this.lines ??= this.input[Symbol.asyncIterator]();
    process.stderr.write(printable(prompt));
    const { value, done } = await Promise.race([this.lines.next(), this.aborted()]);
    if (!process.stdin.isTTY) process.stderr.write('\n');
    if (!done) return value.trim();
    const advice = 'Answer on the terminal, or pipe one line for each value.';
    throw new CliError('Standard input ended while the flow waits for input.', ExitCode.usage, advice);
  }

  private aborted(): Promise<never> {
    const { signal } = this;
    return new Promise((_, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }
}
