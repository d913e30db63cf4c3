import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import { conformanceClasses } from '../../src/ogc/conformance.js';
import { OfficialSchemas } from './official-schemas.js';
import { Outpost } from './outpost.js';
import { NotTestable } from './not-testable.js';
import { uriOf } from './requirement.js';
import { ServerUnderTest } from './server-under-test.js';
import { REQUIREMENTS, requirementsOf } from './table.js';
import { startTestedService } from './tested-service.js';

const SCHEMAS = resolve('../shared/standards/schemas');

jest.setTimeout(120_000);

describe.each(['1.0', '2.0'] as const)('A service whose default is %s', (dialect) => {
  const claimed = new Set(conformanceClasses(dialect).flatMap(requirementsOf));
  let tested: Awaited<ReturnType<typeof startTestedService>>;
  let outpost: Outpost;
  let server: ServerUnderTest;

  beforeAll(async () => {
    const schemas = OfficialSchemas.in(SCHEMAS);
    if (schemas === undefined) {
      if (process.env.CI) throw new Error(`there are no official schemas in ${SCHEMAS}; in CI documents are validated`);
      process.stderr.write(`SKIPPED validation of documents: there are no official schemas in ${SCHEMAS}\n`);
    }
    tested = await startTestedService({ DEFAULT_DIALECT: dialect });
    outpost = await Outpost.open(undefined, true);
    server = new ServerUnderTest(tested.url, schemas, outpost);
  });
  afterAll(async () => {
    await outpost?.close();
    await tested?.stop();
  });

  it.each(REQUIREMENTS.filter((row) => claimed.has(row)).map((row) => ({ uri: uriOf(row), check: row.check })))(
    '$uri',
    async ({ check }) => {
      try {
        await check(server);
      } catch (error) {
        // This service offers processes for every requirement, so here nothing may go untested.
        if (error instanceof NotTestable) throw new Error(`not tested: ${error.message}`, { cause: error });
        throw error;
      }
    },
  );
});
