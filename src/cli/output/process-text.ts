import type { InputDescription, ProcessDocument, ProcessSummary } from '../client/ogc-documents.js';
import { nameOfSchema, shapeOf } from '../inputs/schema-shape.js';
import { table } from './table.js';

/** The list of processes for people. */
export function processTable(processes: readonly ProcessSummary[]): string {
  if (processes.length === 0) return 'The server offers no processes.';
  const rows = processes.map(({ id, version, title }) => [id, version ?? '', title ?? '']);
  return table([['ID', 'VERSION', 'TITLE'], ...rows]).join('\n');
}

/** A process for people, with a command that runs it. */
export function processText(process: ProcessDocument): string {
  const { id, version, title, description, jobControlOptions, inputs = {}, outputs = {} } = process;
  const inputLines = Object.entries(inputs).map(([key, input]) => [
    `  ${key}`,
    nameOfSchema(input.schema),
    occurrence(input),
    input.description ?? input.title ?? '',
  ]);
  const outputLines = Object.entries(outputs).map(([key, output]) => [
    `  ${key}`,
    output.schema?.contentMediaType ?? nameOfSchema(output.schema),
    output.description ?? output.title ?? '',
  ]);
  return [
    [title ?? id, version].filter(Boolean).join(' '),
    ...(description ? ['', description] : []),
    '',
    `Runs: ${(jobControlOptions ?? ['sync-execute']).join(', ')}`,
    ...(inputLines.length > 0 ? ['', 'Inputs:', ...table(inputLines)] : []),
    ...(outputLines.length > 0 ? ['', 'Outputs:', ...table(outputLines)] : []),
    '',
    'Run it:',
    `  sluice run ${[id, ...required(inputs)].join(' ')}`,
  ].join('\n');
}

function isRequired({ minOccurs = 1 }: InputDescription): boolean {
  return minOccurs > 0;
}

function occurrence(input: InputDescription): string {
  const { maxOccurs = 1, schema } = input;
  const several = maxOccurs === 'unbounded' ? ', repeatable' : maxOccurs > 1 ? `, up to ${maxOccurs} times` : '';
  if (isRequired(input)) return `required${several}`;
  const standard = schema?.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
  return `optional${several}${standard}`;
}

function required(inputs: Readonly<Record<string, InputDescription>>): string[] {
  return Object.entries(inputs)
    .filter(([, input]) => isRequired(input))
    .map(([key, { schema }]) => {
      const { types, isBbox, values } = shapeOf(schema);
      if (isBbox) return `${key}=west,south,east,north`;
      if (values.length > 0) return `${key}=${String(values[0])}`;
      const isFile = types.has('binary') || types.has('object');
      return isFile ? `${key}=@FILE` : `${key}=${[...types][0]?.toUpperCase() ?? 'VALUE'}`;
    });
}
