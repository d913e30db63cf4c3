import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { SECRET_FILES } from '../../src/config/secret-files.js';
import { settingsSchema } from '../../src/config/settings.schema.js';
import { traceFlow } from '../../src/flows/graph/flow-tracer.js';
import { toMermaid } from '../../src/flows/graph/mermaid.js';
import { PROBLEM_CATALOG } from '../../src/ogc/problems/problem-catalog.js';
import { ConvertRawSonarInputs } from '../../src/processes/catalog/convert-raw-sonar/convert-raw-sonar.dto.js';
import { ConvertRawSonar } from '../../src/processes/catalog/convert-raw-sonar/convert-raw-sonar.process.js';
import { SimpleFlow, SimpleFlowInputs } from '../../src/processes/catalog/simple-flow/simple-flow.process.js';
import { processOptionsOf } from '../../src/processes/decorators/process.decorator.js';
import { tasksOf } from '../../src/processes/decorators/task.decorator.js';
import { taskDefinition } from '../../src/processes/definition/step-definitions.js';
import type { RegisteredProcess } from '../../src/processes/registered-process.js';
import { DtoSchemaReader } from '../../src/processes/schema/dto-schema.reader.js';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...markdownIn('docs'),
  ...markdownIn('docs/decisions'),
  'examples/host-application/README.md',
  'examples/own-flow/README.md',
  'examples/own-processes/README.md',
].filter((page) => existsSync(page));

function markdownIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

describe('docs/problems.md', () => {
  it('lists exactly the problems of the catalog, with status, title and type, and says something of each', () => {
    const documented = readFileSync('docs/problems.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, code, status, title, type, when, todo]) => {
        expect([code, when.length > 10, todo.length > 10]).toEqual([code, true, true]);
        return { code: code.replaceAll('`', ''), status: Number(status), title, type };
      });
    const catalog = Object.entries(PROBLEM_CATALOG).map(([code, { status, title, type }]) => {
      const owner = type.startsWith('http://www.opengis.net/') ? 'OGC' : 'Sluice';
      return { code, status, title, type: `\`${type.slice(type.lastIndexOf('/') + 1)}\` (${owner})` };
    });
    expect(documented).toEqual(catalog);
  });
});

describe('docs/architecture.md', () => {
  it('names the rooms and what each may import, as the lint rules have it', () => {
    const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
      forbidden: { name: string; comment: string }[];
    };
    const rules = forbidden.flatMap(
      ({ comment }) => /^src\/(\w+) may import ([^.]+)\./.exec(comment)?.slice(1, 3) ?? [],
    );
    const enforced = pairs(rules).map(([room, allowed]) => [
      room,
      allowed === 'no other room' ? [] : allowed.split(', '),
    ]);
    const rooms = [...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `([a-z]+)` +\|.*\|([^|]*)\|$/gm)];
    const documented = rooms.map(([, room, cell]) => [room, [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(enforced));
  });
});

describe('README.md', () => {
  it.each([
    ['convert-raw-sonar', ConvertRawSonar, ConvertRawSonarInputs],
    ['simple-flow', SimpleFlow, SimpleFlowInputs],
  ])('shows the graph of %s as the service draws it', async (id, type, inputType) => {
    const inputs = Object.fromEntries(
      [...new DtoSchemaReader().properties(inputType)].map(([input, { optional }]) => [
        input,
        { minOccurs: optional ? 0 : 1 },
      ]),
    );
    const process = {
      description: { id, inputs },
      policy: { executor: 'local' },
      handler: new type(),
      tasks: tasksOf(type.prototype as object).map(taskDefinition),
    } as unknown as RegisteredProcess;
    const { title } = processOptionsOf(type) as { title: string };
    const drawn = toMermaid(await traceFlow(process), title);
    expect(readFileSync('README.md', 'utf8')).toContain(`\`\`\`mermaid\n${drawn}\`\`\`\n`);
  });
});

describe('code in the documentation', () => {
  it.each([
    ['README.md', 1],
    ['docs/processes.md', 6],
  ])('%s shows only code that compiles against the published types', (page, least) => {
    const text = readFileSync(page, 'utf8');
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    expect(faultsOf(blocks)).toEqual([]);
  });
});

describe('the pages of the documentation', () => {
  it.each(PAGES)('%s links only to files that exist', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
    const files = links.filter((target) => !/^(https?:|#)/.test(target)).map((target) => target.split('#')[0]);
    expect(files.filter((file) => !existsSync(resolve(dirname(page), file)))).toEqual([]);
  });

  it.each(PAGES)('%s names only settings that exist', (page) => {
    const named = [...readFileSync(page, 'utf8').matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)].map(
      ([, name]) => name,
    );
    // Variables of the tests, of the command line, of the system and of compose, which are no settings of the service.
    const other = /^(FAULT_SEED$|FUZZ_TIME$|SLUICE_|HTTPS?_PROXY|NO_|NODE_|XDG_|COMPOSE_)/;
    const ofStack = [...readFileSync('docker/.env.example', 'utf8').matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name);
    const known = [...Object.keys(settingsSchema.shape), ...SECRET_FILES, ...ofStack];
    expect(named.filter((name) => !known.includes(name) && !other.test(name))).toEqual([]);
  });
});

function pairs(list: readonly string[]): [string, string][] {
  return list.flatMap((item, index) => (index % 2 === 0 ? [[item, list[index + 1]] as [string, string]] : []));
}

/** Compiles each block as a module of its own, as if it lay in examples/. @returns what the compiler complains of */
function faultsOf(blocks: readonly string[]): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => readFileSync(path, 'utf8')) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, resolve('.'));
  const files = new Map(blocks.map((code, index) => [resolve(`examples/block-${index + 1}.ts`), code]));
  const strict = { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(strict);
  const onDisk = { ...host };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const code = files.get(path);
    return code === undefined
      ? onDisk.getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, code, language);
  };
  const program = ts.createProgram([...files.keys()], strict, host);
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start }) => {
        const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
        return `${path.slice(path.lastIndexOf('/') + 1)}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      },
    );
  });
}
