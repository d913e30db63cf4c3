import assert from 'node:assert/strict';
import type { InputDescription, JsonSchema } from '../ogc-documents.js';
import { NotTestable } from '../not-testable.js';
import type { Checks } from '../requirement.js';
import {
  asSent,
  formatsOf,
  isBinary,
  isRepeatable,
  requiredInputs,
  sampleOf,
  typesOf,
  unfitFor,
} from '../sample-values.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { accepts, type InputSubject, inputsOf, slowExecution, subjectOf } from '../subjects.js';
import { allows, jobIdOf, type StatusInfo } from '../ogc-documents.js';

const hasType = (type: string) => (schema: JsonSchema) => typesOf(schema).has(type);
const isText = ({ schema, maxOccurs = 1 }: InputDescription) =>
  schema.type === 'string' && maxOccurs === 1 && !isBinary(schema) && !schema.enum && !schema.format;
const isBbox = ({ schema }: InputDescription) => formatsOf(schema).includes('ogc-bbox');
const isMixed = ({ schema }: InputDescription) => (schema.oneOf?.length ?? 0) > 1;
const mediaTypeOf = (schema: JsonSchema, fallback: string) => schema.contentMediaType ?? fallback;
/** Processes tried of each kind. */
const MOST_TRIED = 5;

const single = ({ input }: InputSubject) => sampleOf(input.schema);

/** The media type by which the official test suite calls a value of a schema. */
function formOf(schema: JsonSchema): { mediaType: string; encoding?: string } {
  if (isBinary(schema)) return { mediaType: mediaTypeOf(schema, 'application/octet-stream'), encoding: 'base64' };
  return { mediaType: mediaTypeOf(schema, hasType('object')(schema) ? 'application/json' : 'text/plain') };
}

/** Inputs in the forms of 1.0 section 7.11.2; the official test suite nests the format of qualified values and links. */
export const inputChecks: Checks = {
  '/req/core/process-execute-op': async (server) => {
    const { process, inputs } = await subjectOf(server, 1);
    (await server.execute(process.id, { inputs })).is(200, 201, 204);
  },
  '/req/core/process-execute-request': async (server) => {
    const { process, inputs, outputs } = await subjectOf(server, 1);
    const body = { inputs, outputs: { [outputs[0]]: { transmissionMode: 'value' } }, response: 'document' } as const;
    server.conforms('1.0', 'execute', body);
    (await server.execute(process.id, body)).is(200);
  },
  '/req/core/process-execute-inputs': async (server) => {
    const texts = await inputsOf(server, 'plain text', isText);
    await accepts(server, texts, () => 'inline');
    const href = server.outpost.offer('referenced', 'text/plain');
    await accepts(server, texts, () => ({ href, type: 'text/plain' }));
    await accepts(server, texts, () => ({ href, format: { mediaType: 'text/plain' } }));
  },
  '/req/core/process-execute-input-array': async (server) => {
    const repeatable = await inputsOf(server, 'repeatable (maxOccurs above 1)', isRepeatable);
    await accepts(server, repeatable, (subject) => [asSent(single(subject))]);
    await accepts(server, repeatable, (subject) => [asSent(single(subject)), asSent(single(subject))]);
  },
  '/req/core/process-execute-input-inline-object': async (server) => {
    const objects = await inputsOf(
      server,
      'an object',
      (input) => hasType('object')(input.schema) && !isBbox(input) && !isRepeatable(input),
    );
    const value = ({ input: { schema } }: InputSubject) => {
      const branch = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].find(hasType('object'))!;
      return sampleOf(branch.type === undefined && branch.oneOf ? branch.oneOf.find(hasType('object'))! : branch);
    };
    await accepts(server, objects, (subject) => ({ value: value(subject) }));
    await accepts(server, objects, (subject) => ({ value: value(subject), format: { mediaType: 'application/json' } }));
  },
  '/req/core/process-execute-input-mixed-type': async (server) => {
    const mixed = await inputsOf(server, 'of several types (oneOf)', isMixed);
    for (const branch of [0, 1]) {
      const schemaOf = ({ input }: InputSubject) => input.schema.oneOf![branch];
      await accepts(server, mixed, (subject) => ({ value: sampleOf(schemaOf(subject)), ...formOf(schemaOf(subject)) }));
      await accepts(server, mixed, (subject) => ({
        value: sampleOf(schemaOf(subject)),
        format: formOf(schemaOf(subject)),
      }));
    }
  },
  '/req/core/process-execute-input-inline-binary': async (server) => {
    const binary = await inputsOf(server, 'binary', (input) => isBinary(input.schema) && !isRepeatable(input));
    const bytes = Buffer.from([0, 1, 254, 255]).toString('base64');
    await accepts(server, binary, () => bytes);
    await accepts(server, binary, ({ input }) => ({ value: bytes, ...formOf(input.schema) }));
    await accepts(server, binary, ({ input }) => ({ value: bytes, format: formOf(input.schema) }));
  },
  '/req/core/process-execute-input-inline-bbox': async (server) => {
    const boxes = await inputsOf(server, 'a bounding box', (input) => isBbox(input) && !isRepeatable(input));
    await accepts(server, boxes, () => ({ bbox: [5, 50, 10, 55] }));
    const crs = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';
    await accepts(server, boxes, () => ({ bbox: [5, 50, 10, 55], crs }));
  },
  '/req/core/process-execute-input-validation': async (server) => {
    const checked = (await inputsOf(server, 'of a known type', ({ schema }) => unfitFor(schema) !== undefined)).slice(
      0,
      5,
    );
    for (const { process, id, input, others } of checked) {
      const value = unfitFor(input.schema);
      for (const sent of [value, { value }]) {
        const answer = await server.execute(process.id, { inputs: { ...others, [id]: sent } });
        assert.ok(
          [400, 422].includes(answer.status),
          `${id}: ${JSON.stringify(sent)} was not refused: ${answer.summary()}`,
        );
      }
    }
    const [subject] = await inputsOf(server, 'an integer', ({ schema }) => schema.type === 'integer');
    const href = server.outpost.offer('"no number"', 'application/json');
    const inputs = { ...subject.others, [subject.id]: { href, type: 'application/json' } };
    const answer = await server.execute(subject.process.id, { inputs });
    assert.ok([400, 422].includes(answer.status), `an unfit value by reference was not refused: ${answer.summary()}`);
  },
};

/** Section 7.11.2.2 and 7.11.3: synchronous or not, and with which outputs. */
export const modeChecks: Checks = {
  '/req/core/process-execute-default-execution-mode': (server) => modesAre(server, {}, 'sync'),
  '/req/core/process-execute-auto-execution-mode': (server) => modesAre(server, { prefer: 'respond-async ' }, 'any'),
  '/req/core/process-execute-default-outputs': async (server) => {
    const { process, inputs, outputs } = await subjectOf(server, 2);
    const document = (await server.execute(process.id, { inputs, response: 'document' })).is(200).json<object>();
    assert.deepEqual(Object.keys(document).sort(), [...outputs].sort());
    const named = Object.fromEntries(outputs.map((id) => [id, { transmissionMode: 'value' }]));
    const same = (await server.execute(process.id, { inputs, outputs: named, response: 'document' })).is(200);
    assert.deepEqual(Object.keys(same.json<object>()).sort(), [...outputs].sort());
  },
  '/req/core/process-execute-success-async': async (server) => {
    const { id, body } = await asynchronous(server);
    const answer = (await server.execute(id, body, { prefer: 'respond-async ' })).is(201).hasType('application/json');
    const status = answer.json<StatusInfo>();
    server.conforms('1.0', 'statusInfo', status);
    const location = new URL(answer.header('location'), answer.url).href;
    assert.equal(location, `${server.base}/jobs/${jobIdOf(status)}`, 'Location is not the URL of the job');
    (await server.get(location)).is(200);
  },
};

async function asynchronous(server: ServerUnderTest): ReturnType<typeof slowExecution> {
  try {
    return await slowExecution(server, 1);
  } catch (error) {
    if (!(error instanceof NotTestable)) throw error;
    const { process, inputs } = await subjectOf(server, 1, (candidate) => allows(candidate, 'async-execute'));
    return { id: process.id, body: { inputs } };
  }
}

/** The mode of each kind of process: those of one mode use that, those of both use the given one. */
async function modesAre(server: ServerUnderTest, headers: Record<string, string>, both: 'sync' | 'any'): Promise<void> {
  let tried = 0;
  for (const [modes, statuses] of [
    [['sync-execute'], [200, 204]],
    [['async-execute'], [201]],
    // With respond-async the server may choose by the standard; the official test suite wants a job.
    [['sync-execute', 'async-execute'], both === 'sync' ? [200, 204] : [201]],
  ] as const) {
    const fits = (await server.processes()).filter((process) => {
      const options = ['sync-execute', 'async-execute'].filter((option) => allows(process, option));
      return options.join() === modes.join();
    });
    for (const process of fits.slice(0, MOST_TRIED)) {
      const inputs = requiredInputs(process);
      const answer = inputs && (await server.execute(process.id, { inputs }, headers));
      // What fails, or refuses generated inputs, tells nothing about its mode.
      if (answer === undefined || answer.status >= 400) continue;
      answer.is(...statuses);
      tried += 1;
      break;
    }
  }
  if (tried === 0) throw new NotTestable('no process can be executed with generated inputs');
}
