import assert from 'node:assert/strict';
import type { JsonSchema, ProcessDescription } from '../ogc-documents.js';
import { NotTestable } from '../not-testable.js';
import type { Check, Checks } from '../requirement.js';
import type { StandardVersion } from '../standard-version.js';
import { isBinary } from '../sample-values.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { inputChecks } from './inputs.js';

const schemasOf = ({ inputs = {}, outputs = {} }: ProcessDescription) => ({
  inputs: Object.entries(inputs).map(([id, { schema }]) => [id, schema] as const),
  outputs: Object.entries(outputs).map(([id, { schema }]) => [id, schema] as const),
});

/** Each description of inputs or outputs is a map whose entries follow a schema of the standard. */
const eachFollows =
  (version: StandardVersion, part: 'inputs' | 'outputs', schema: string): Check =>
  async (server) => {
    for (const description of await server.processes()) {
      const described = description[part];
      assert.ok(typeof described === 'object' && !Array.isArray(described), `${part} of ${description.id} are no map`);
      for (const entry of Object.values(described)) server.conforms(version, schema, entry);
    }
  };

const eachHasSchema =
  (version: StandardVersion, part: 'inputs' | 'outputs'): Check =>
  async (server) => {
    for (const description of await server.processes()) {
      for (const [id, schema] of schemasOf(description)[part]) {
        assert.ok(typeof schema === 'object', `${description.id}: ${id} has no schema`);
        server.conforms(version, 'schema', schema);
      }
    }
  };

/** Values of several types are described by `oneOf`, each branch a schema of the subset. */
const mixedUseOneOf =
  (version: StandardVersion, part: 'inputs' | 'outputs'): Check =>
  async (server) => {
    const mixed = await schemas(server, part, (schema) => schema.oneOf !== undefined);
    if (mixed.length === 0) throw new NotTestable(`no ${part} of several types`);
    for (const { oneOf = [] } of mixed) {
      assert.ok(oneOf.length > 0, 'oneOf without alternatives');
      for (const branch of oneOf) server.conforms(version, 'schema', branch);
    }
  };

async function schemas(
  server: ServerUnderTest,
  part: 'inputs' | 'outputs',
  isWanted: (schema: JsonSchema) => boolean,
): Promise<JsonSchema[]> {
  return (await server.processes()).flatMap((description) =>
    schemasOf(description)
      [part].map(([, schema]) => schema)
      .filter(isWanted),
  );
}

const definitions = (version: StandardVersion): Checks => ({
  '/req/ogc-process-description/inputs-def': eachFollows(version, 'inputs', 'inputDescription'),
  '/req/ogc-process-description/input-def': async (server) => {
    await eachHasSchema(version, 'inputs')(server);
    await inputChecks['/req/core/process-execute-input-validation'](server);
  },
  '/req/ogc-process-description/outputs-def': eachFollows(version, 'outputs', 'outputDescription'),
  '/req/ogc-process-description/output-def': eachHasSchema(version, 'outputs'),
});

/** 1.0 class ogc-process-description. */
export const descriptionChecks: Checks = {
  '/req/ogc-process-description/json-encoding': async (server) => {
    for (const description of await server.processes()) server.conforms('1.0', 'process', description);
  },
  ...definitions('1.0'),
  '/req/ogc-process-description/input-binary': async (server) => {
    const binary = await schemas(server, 'inputs', isBinary);
    if (binary.length === 0) throw new NotTestable('no process has a binary input');
    for (const { type } of binary) assert.equal(type, 'string');
    await inputChecks['/req/core/process-execute-input-inline-binary'](server);
  },
  '/req/ogc-process-description/input-mixed-type': mixedUseOneOf('1.0', 'inputs'),
  '/req/ogc-process-description/output-mixed-type': mixedUseOneOf('1.0', 'outputs'),
};

/** The part of the 2.0 class that 1.0 has under these or other names. */
export const descriptionChecksOf2: Checks = {
  ...definitions('2.0'),
  '/req/ogc-process-description/input-multiple-types': mixedUseOneOf('2.0', 'inputs'),
  '/req/ogc-process-description/output-multiple-types': mixedUseOneOf('2.0', 'outputs'),
};
