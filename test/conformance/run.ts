import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OfficialSchemas } from './official-schemas.js';
import { Outpost } from './outpost.js';
import { uriOf } from './requirement.js';
import { type Finding, judge } from './run-suite.js';
import { ServerUnderTest } from './server-under-test.js';
import { REQUIREMENTS, requirementsOf } from './table.js';
import { startTestedService } from './tested-service.js';

const HELP = `Checks a server against the requirements of OGC API - Processes - Part 1.

  npm run conformance -- [--url URL] [options]

  --url URL       landing page of the server; without it, the built service of this project is started
  --all           check every requirement, also of classes the server does not claim
  --only TEXT     check only the requirements whose URI contains the text
  --schemas DIR   official schemas (default ../shared/standards/schemas); without them documents are not validated
  --outpost URL   URL under which the server reaches this machine, for inputs by reference and for callbacks
                  (default: a free loopback port, when the server itself is on the loopback address)

Exit code: 0 nothing failed, 1 something did, 2 the suite could not run.
`;
const SIGNS = { passed: 'pass', failed: 'FAIL', skipped: 'skip' } as const;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    schemas: { type: 'string' },
    outpost: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) process.stdout.write(HELP);
else {
  process.exitCode = await run().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  });
}

async function run(): Promise<number> {
  const directory = resolve(options.schemas ?? '../shared/standards/schemas');
  if (options.schemas !== undefined && !existsSync(directory)) throw new Error(`there is no directory ${directory}`);
  const schemas = OfficialSchemas.in(directory);
  if (schemas === undefined) {
    if (process.env.CI) throw new Error(`there are no official schemas in ${directory}; in CI documents are validated`);
    process.stdout.write(`SKIPPED validation of documents: there are no official schemas in ${directory}\n`);
  }
  const own = options.url === undefined ? await startTestedService() : undefined;
  const base = (options.url ?? own!.url).replace(/\/+$/, '');
  const isLocal = /^(localhost|127\.|\[::1\])/.test(new URL(base).hostname);
  const outpost =
    options.outpost !== undefined || isLocal ? await Outpost.open(options.outpost, own !== undefined) : undefined;
  try {
    const findings = await check(new ServerUnderTest(base, schemas, outpost));
    return summarize(findings);
  } finally {
    await outpost?.close();
    await own?.stop();
  }
}

async function check(server: ServerUnderTest): Promise<Finding[]> {
  const { conformsTo } = (await server.get('/conformance')).is(200).json<{ conformsTo: string[] }>();
  // Later drafts spell the URIs with https.
  const claimed = new Set(conformsTo.flatMap((uri) => requirementsOf(uri.replace(/^https:/, 'http:'))));
  const findings: Finding[] = [];
  for (const requirement of REQUIREMENTS) {
    const uri = uriOf(requirement);
    if (!uri.includes(options.only)) continue;
    const isChecked = options.all || claimed.has(requirement);
    const finding: Finding = isChecked
      ? await judge(server, requirement)
      : { uri, verdict: 'skipped', reason: 'the server does not claim this class' };
    const reason = finding.reason === undefined ? '' : `\n       ${finding.reason.replace(/\s*\n\s*/g, ' ')}`;
    process.stdout.write(`${SIGNS[finding.verdict]}   ${uri}${reason}\n`);
    findings.push(finding);
  }
  return findings;
}

function summarize(findings: readonly Finding[]): number {
  const count = (verdict: Finding['verdict']) => findings.filter((finding) => finding.verdict === verdict).length;
  process.stdout.write(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
  return count('failed') > 0 ? 1 : 0;
}
