import type { InputRequest } from '../client/ogc-documents.js';

/** What a step asks people for, and the command that answers it. */
export function questionText(jobId: string, { task, message, schema }: InputRequest): string {
  const members = Object.keys(schema.properties ?? {}).map((name) => `${name}=...`);
  const answer = members.length === 0 ? `--input '...'` : members.join(' ');
  const question = message === undefined ? '' : `: ${message}`;
  return `The step "${task}" waits for an answer${question}\nGive it with: sluice resume ${jobId} --task ${quoted(task)} ${answer}`;
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w./#-]+$/.test(text) ? text : `'${text.replaceAll(`'`, `'\\''`)}'`;
}
