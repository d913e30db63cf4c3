import assert from 'node:assert/strict';
import type { Exchange } from '../exchange.js';
import type { InputDescription, ProcessDescription } from '../ogc-documents.js';
import { NotTestable } from '../not-testable.js';
import type { Check, Checks } from '../requirement.js';
import { asSent, formatsOf, isBinary, isRepeatable, sampleOf, typesOf } from '../sample-values.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { asyncCapable, type InputSubject, inputsOf, type Subject, subjectOf } from '../subjects.js';

const PNG = Buffer.from([137, 80, 78, 71]).toString('base64');

/** One query parameter per input, in the forms of the class. */
function parametersOf({ inputs = {} }: ProcessDescription, values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).map(([id, value]) => parameter(id, plain(value, inputs[id])));
}

function plain(value: unknown, input: InputDescription | undefined): string {
  const isQualified = typeof value === 'object' && value !== null && 'value' in value;
  const bare = isQualified ? value.value : value;
  if (typeof bare === 'object' && bare !== null && 'bbox' in bare) return (bare.bbox as number[]).join(',');
  if (Array.isArray(bare) && input && isRepeatable(input)) return bare.join(',');
  return typeof bare === 'string' ? bare : JSON.stringify(bare);
}

const parameter = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

const execute = (server: ServerUnderTest, processId: string, parameters: readonly string[], headers = {}) =>
  server.request('GET', `/processes/${encodeURIComponent(processId)}/execution?${parameters.join('&')}`, {
    accept: '*/*',
    ...headers,
  });

/** A value of a kind of input is accepted in the query by one of the processes at least. */
const accepted =
  (
    kind: string,
    isWanted: (input: InputDescription, id: string) => boolean,
    write: (subject: InputSubject) => string[],
  ): Check =>
  async (server) => {
    let refusal = '';
    for (const subject of await inputsOf(server, kind, isWanted)) {
      const { [subject.id]: _, ...others } = subject.others;
      const parameters = [...parametersOf(subject.process, others), ...write(subject)];
      const answer = await execute(server, subject.process.id, parameters);
      if ([200, 201, 204].includes(answer.status)) return;
      refusal ||= answer.summary();
    }
    throw new Error(refusal);
  };

const ofType =
  (...types: string[]) =>
  (input: InputDescription) =>
    !isRepeatable(input) &&
    !isBinary(input.schema) &&
    types.includes(input.schema.type ?? '') &&
    formatsOf(input.schema).length === 0;
const isBox = ({ schema }: InputDescription) => formatsOf(schema).includes('ogc-bbox');
const sample = ({ input }: InputSubject) => sampleOf(input.schema);
const simple = (subject: InputSubject) => [parameter(subject.id, plain(sample(subject), subject.input))];

/** Executes by query what the subject executes by body. */
async function bySubject(
  server: ServerUnderTest,
  subject: Subject,
  more: string[] = [],
  headers = {},
): Promise<Exchange> {
  return execute(server, subject.process.id, [...parametersOf(subject.process, subject.inputs), ...more], headers);
}

/** 2.0 class kvp-execute: execution by GET. */
export const kvpChecks: Checks = {
  '/req/kvp-execute/process-execute-op': async (server) => {
    (await bySubject(server, await subjectOf(server, 1))).is(200);
  },
  '/req/kvp-execute/f-definition': async (server) => {
    const more = ['response%5Bf%5D=application%2Fjson', 'response[f]=application%2Fjson'];
    for (const text of more) (await bySubject(server, await subjectOf(server, 2), [text])).is(200);
  },
  '/req/kvp-execute/f-response': async (server) => {
    const subject = await subjectOf(server, 2);
    const headers = { accept: 'application/x-nothing' };
    (await bySubject(server, subject, ['response[f]=application%2Fjson'], headers)).is(200).hasType('application/json');
  },
  '/req/kvp-execute/prefer-definition': async (server) => {
    (await bySubject(server, await subjectOf(server, 1), ['response[prefer]=return%3Drepresentation'])).is(200);
  },
  '/req/kvp-execute/prefer-response': async (server) => {
    const subject = await subjectOf(server, 1, asyncCapable);
    (await bySubject(server, subject, ['response[prefer]=respond-async'])).is(201);
  },
  '/req/kvp-execute/input-query-parameters': async (server) => {
    const { process, inputs } = await subjectOf(server, 1);
    for (const change of [(id: string) => id.toUpperCase(), (id: string) => id.toLowerCase()]) {
      const parameters = Object.entries(inputs).map(([id, value]) =>
        parameter(change(id), plain(value, process.inputs?.[id])),
      );
      (await execute(server, process.id, parameters)).is(200);
    }
  },
  '/req/kvp-execute/input-query-parameter-values': async (server) => {
    const { process, inputs, outputs } = await subjectOf(server, 2);
    const byQuery = (await bySubject(server, { process, inputs, outputs }, ['response[f]=application%2Fjson'])).is(200);
    const byBody = (await server.execute(process.id, { inputs, response: 'document' })).is(200);
    assert.deepEqual(Object.keys(byQuery.json<object>()).sort(), Object.keys(byBody.json<object>()).sort());
  },
  '/req/kvp-execute/input-by-reference': async (server) => {
    const href = server.outpost.offer('referenced', 'text/plain');
    const write = ({ id }: InputSubject) => [parameter(`${id}[href]`, href), parameter(`${id}[type]`, 'text/plain')];
    await accepted('a text', ofType('string'), write)(server);
  },
  '/req/kvp-execute/input-cardinality': accepted(
    'repeatable',
    (input) => isRepeatable(input) && typesOf(input.schema).has('string'),
    ({ id }) => [parameter(id, 'one,two')],
  ),
  '/req/kvp-execute/string-input-value': accepted('a text', ofType('string'), simple),
  '/req/kvp-execute/numeric-input-value': accepted('a number', ofType('integer', 'number'), simple),
  '/req/kvp-execute/boolean-input-value': accepted('true or false', ofType('boolean'), simple),
  '/req/kvp-execute/complex-input-value': accepted('an object', ofType('object'), ({ id, input }) => [
    parameter(id, JSON.stringify(asObject(sampleOf(input.schema)))),
  ]),
  '/req/kvp-execute/array-input-value': accepted('an array', ofType('array'), simple),
  '/req/kvp-execute/binary-input-value': accepted('binary', isSingleBinary, ({ id }) => [parameter(id, PNG)]),
  '/req/kvp-execute/binary-input-value-qualified': accepted('binary', isSingleBinary, ({ id, input }) => [
    parameter(`${id}[value]`, PNG),
    parameter(`${id}[mediaType]`, input.schema.contentMediaType ?? 'application/octet-stream'),
    parameter(`${id}[encoding]`, 'base64'),
  ]),
  '/req/kvp-execute/bbox-input-value': accepted('a bounding box', isBox, ({ id }) => [parameter(id, '5,50,10,55')]),
  '/req/kvp-execute/bbox-crs-input-value': accepted('a bounding box', isBox, ({ id }) => [
    parameter(id, '5,50,10,55'),
    parameter(`${id}[crs]`, 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'),
  ]),
  '/req/kvp-execute/output': async (server) => {
    const subject = await subjectOf(server, 2);
    const [, second] = subject.outputs;
    if (subject.process.outputs?.[second] === undefined) throw new NotTestable('an output that is not described');
    const more = [parameter(`${second}[include]`, 'true'), 'response[f]=application%2Fjson'];
    const answer = (await bySubject(server, subject, more)).is(200);
    const whole = (await server.execute(subject.process.id, { inputs: subject.inputs, response: 'document' })).is(200);
    const entry = whole.json<Record<string, unknown>>()[second];
    const value = typeof entry === 'object' && entry !== null && 'value' in entry ? entry.value : entry;
    assert.deepEqual(JSON.parse(answer.text), value);
  },
};

function isSingleBinary(input: InputDescription): boolean {
  return isBinary(input.schema) && !isRepeatable(input);
}

function asObject(value: unknown): unknown {
  const sent = asSent(value);
  return typeof sent === 'object' && sent !== null && 'value' in sent ? sent.value : sent;
}
