import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IsISO8601, IsString, Matches, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import { Type as Nested } from 'class-transformer';
import { Input } from './decorators/input.decorator.js';
import { Process } from './decorators/process.decorator.js';
import type { DescribedProcessOptions, ProcessOptions } from './decorators/process-options.js';
import { InputFile } from './input-file.js';
import type { ProcessHandler } from './process-handler.js';
import { ProcessRegistry } from './process-registry.js';
import { ProcessesModule } from './processes.module.js';

const directory = mkdtempSync(join(tmpdir(), 'definitions-'));
afterAll(() => rmSync(directory, { recursive: true }));

function definitionFile(name: string, text: string): URL {
  writeFileSync(join(directory, name), text);
  return pathToFileURL(join(directory, name));
}

async function start(...providers: Type[]): Promise<ProcessRegistry> {
  const module = await Test.createTestingModule({ imports: [ProcessesModule], providers }).compile();
  await module.init();
  return module.get(ProcessRegistry);
}

function processOf(options: ProcessOptions): Type<ProcessHandler> {
  @Process(options)
  class Sample implements ProcessHandler {
    execute(inputs: Record<string, unknown>) {
      return inputs;
    }
  }
  return Sample;
}

const minimal: DescribedProcessOptions = {
  id: 'sample',
  version: '1.0.0',
  outputs: { result: { schema: { type: 'string' } } },
};

@ValidatorConstraint({ name: 'isEven' })
class IsEven implements ValidatorConstraintInterface {
  async validate(value: number) {
    return Promise.resolve(value % 2 === 0);
  }
  defaultMessage() {
    return 'the number must be even';
  }
}

describe('the registry of processes', () => {
  it('holds every class with @Process(), sorted by id, with frozen descriptions and defaults filled in', async () => {
    const registry = await start(processOf({ ...minimal, id: 'b' }), processOf({ ...minimal, id: 'a', timeout: '2h' }));
    const [a, b] = registry.list();
    expect([a.description.id, b.description.id]).toEqual(['a', 'b']);
    expect(a.description).toMatchObject({
      jobControlOptions: ['sync-execute', 'async-execute', 'dismiss'],
      outputTransmission: ['value', 'reference'],
      inputs: {},
    });
    expect(a.policy).toEqual({ isolation: 'child', syncJobs: true, timeout: 7_200_000 });
    expect(Object.isFrozen(a.description.outputs.result.schema)).toBe(true);
  });

  it('answers an unknown id with no-such-process', async () => {
    const registry = await start();
    expect(registry.find('x')).toBeUndefined();
    expect(() => registry.get('x')).toThrow(expect.objectContaining({ code: 'no-such-process' }));
  });

  it('injects dependencies into processes', async () => {
    @Injectable()
    class Greeter {
      readonly greeting = 'Ahoy';
    }
    @Process(minimal)
    class Greet implements ProcessHandler {
      constructor(private readonly greeter: Greeter) {}
      execute() {
        return { result: this.greeter.greeting };
      }
    }
    const registry = await start(Greeter, Greet);
    expect(registry.get('sample').handler.execute({}, undefined as never)).toEqual({ result: 'Ahoy' });
  });

  it('reads descriptions from YAML and JSON files', async () => {
    const yaml = 'id: from-yaml\nversion: "1"\noutputs: { result: { schema: { type: string }, optional: true } }\n';
    const json = JSON.stringify({ ...minimal, id: 'from-json' });
    const registry = await start(
      processOf({ definition: definitionFile('a.process.yaml', yaml) }),
      processOf({ definition: definitionFile('b.process.json', json), isolation: 'inline' }),
    );
    expect(registry.list().map(({ description }) => description.id)).toEqual(['from-json', 'from-yaml']);
    expect(registry.get('from-yaml').description.outputs).toEqual({ result: { schema: { type: 'string' } } });
    expect(registry.get('from-yaml').validateOutputs({}, new Set())).toEqual([]);
  });
});

describe('a wrong definition fails the start and says how to mend it', () => {
  class Silent {
    @Input() anything: unknown;
  }
  class Unmarked {
    @IsString() name!: string;
  }
  class BinaryDefault {
    @Input({ default: 'aGk=' }) file!: InputFile;
  }
  const inputs = (schema: object): Partial<DescribedProcessOptions> => ({ inputs: { a: { schema } } });

  it.each<[string, object, RegExp]>([
    ['an id that is no part of a URL', { id: 'a b' }, /id: must consist of letters/],
    ['no version', { version: undefined }, /version: must be a string/],
    ['no outputs', { outputs: {} }, /outputs: is empty; a process has at least one/],
    ['outputs left out', { outputs: undefined }, /outputs: is missing/],
    [
      'an unknown job control option',
      { jobControlOptions: ['pause'] },
      /jobControlOptions\.0: is unknown; known are sync/,
    ],
    ['no way to execute', { jobControlOptions: ['dismiss'] }, /must contain sync-execute or async-execute/],
    ['an unknown member', { colour: 'red' }, /no description has: colour/],
    ['a wrong timeout', { timeout: 'soon' }, /timeout: must be milliseconds or/],
    ['a wrong isolation', { isolation: 'none' }, /isolation: must be child or inline/],
    ['a cache without jobs', { cache: {}, syncJobs: false }, /cache: keeps results with jobs, and .* remove one/],
    ['a wrong executor', { executor: 'cloud' }, /executor: must be local or distributed/],
    [
      'distributed tasks without jobs',
      { executor: 'distributed', syncJobs: false },
      /executor: of a process without jobs .* can only be local/,
    ],
    ['an input without schema', { inputs: Silent }, /inputs\.anything: has no schema.*@IsString\(\)/],
    ['a DTO without @Input()', { inputs: Unmarked }, /no property of the class Unmarked has @Input\(\)/],
    ['a binary default', { inputs: BinaryDefault }, /inputs\.file\.schema\.default: a binary input cannot/],
    [
      'an id of an input that objects have',
      { inputs: { constructor: { schema: {} } } },
      /inputs\.constructor: .*rename it/,
    ],
    ['a keyword outside the subset', inputs({ const: 1 }), /inputs\.a\.schema\.const: .*`const`.*use `enum`/],
    [
      'a reference',
      inputs({ properties: { b: { $ref: '#/x' } } }),
      /schema\.properties\.b\.\$ref: .*write the schema out/,
    ],
    ['a numeric exclusive bound', inputs({ exclusiveMinimum: 0 }), /Write `minimum: 0` and `exclusiveMinimum: true`/],
    ['a list of types', inputs({ type: ['string', 'null'] }), /Write one type/],
    ['an unknown type', inputs({ type: 'text' }), /inputs\.a\.schema\.type: must be one of array/],
    [
      'a pattern that is none',
      inputs({ type: 'string', pattern: '(' }),
      /inputs\.a\.schema: cannot be used, .*regular expression/i,
    ],
    [
      'a default that does not fit',
      inputs({ type: 'string', default: 5 }),
      /its default does not fit: Expected a string/,
    ],
    [
      'wrong occurrences',
      { inputs: { a: { schema: { type: 'string' }, minOccurs: 2 } } },
      /minOccurs: is 2, more than maxOccurs/,
    ],
  ])('%s', async (_title, wrong, message) => {
    const options = { ...minimal, ...wrong } as ProcessOptions;
    await expect(start(processOf(options))).rejects.toThrow(message);
    await expect(start(processOf(options))).rejects.toThrow(/Sample/);
  });

  it('two processes of one id, and all faults of all processes at once', async () => {
    const started = start(processOf(minimal), processOf(minimal), processOf({ ...minimal, id: '/' }));
    await expect(started).rejects.toThrow(/2 fault\(s\)[^]*id: is taken by the class Sample[^]*id: must consist/);
  });

  it('two processes of one id, also when one of them has other faults, whichever comes first', async () => {
    const wrong = processOf({ ...minimal, outputs: {} });
    for (const providers of [
      [processOf(minimal), wrong],
      [wrong, processOf(minimal)],
    ]) {
      await expect(start(...providers)).rejects.toThrow(/2 fault\(s\)/);
      await expect(start(...providers)).rejects.toThrow(/outputs: is empty/);
      await expect(start(...providers)).rejects.toThrow(/id: is taken by the class Sample already/);
    }
    const file = definitionFile('wrong.process.yaml', 'id: sample\nversion: "1"\noutputs: {}\n');
    const fromFile = start(processOf({ definition: file, timeout: 'soon' }), processOf(minimal));
    await expect(fromFile).rejects.toThrow(/timeout: must be[^]*outputs: is empty[^]*id: is taken/);
  });

  it('a class without execute', async () => {
    // @ts-expect-error -- TypeScript says so too
    @Process(minimal)
    class Idle {}
    await expect(start(Idle)).rejects.toThrow(/Idle \(sample\): has no method `execute/);
  });

  it('a process that is request-scoped through a dependency', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Process(minimal)
    class Scoped implements ProcessHandler {
      constructor(readonly dependency: PerRequest) {}
      execute() {
        return {};
      }
    }
    await expect(start(PerRequest, Scoped)).rejects.toThrow(/Scoped \(sample\): is not a singleton/);
  });

  it('a description file that is missing or broken', async () => {
    const missing = pathToFileURL(join(directory, 'none.process.yaml'));
    await expect(start(processOf({ definition: missing }))).rejects.toThrow(/cannot be read.*check the name/);
    const broken = definitionFile('broken.process.yaml', 'id: [');
    await expect(start(processOf({ definition: broken }))).rejects.toThrow(/is not valid YAML/);
    const number = definitionFile('number.process.yaml', 'id: x\nversion: 1.0\noutputs: {a: {schema: {type: string}}}');
    await expect(start(processOf({ definition: number }))).rejects.toThrow(
      /version: must be a string; in YAML put it in quotes/,
    );
    await expect(start(processOf({ definition: './x.yaml' as never }))).rejects.toThrow(/write `new URL\(/);
  });
});

describe('inputs of a registered process', () => {
  class Part {
    @IsString() name!: string;
  }

  class Inputs {
    @Input({ maxOccurs: 3 }) @IsString({ each: true }) names!: string[];
    @Input({ maxOccurs: 'unbounded', minOccurs: 0, encoding: 'base64' }) files?: InputFile[];
    @Input() @Nested(() => Part) part!: Part;
    @Input() @Validate(IsEven) even = 2;
  }

  async function sample() {
    const registry = await start(processOf({ ...minimal, inputs: Inputs }));
    return registry.get('sample');
  }

  it('that occur more than once are arrays of occurrences', async () => {
    const { description, validateInputs } = await sample().then((process) => ({
      description: process.description,
      validateInputs: (names: unknown) => process.validateInputs({ names, part: { name: 'p' } }),
    }));
    expect(description.inputs.names).toEqual({ schema: { type: 'string' }, minOccurs: 1, maxOccurs: 3 });
    expect(description.inputs.files).toMatchObject({
      schema: { type: 'string', format: 'byte' },
      maxOccurs: 'unbounded',
    });
    expect(description.inputs.even).toEqual({ schema: { type: 'number', default: 2 }, minOccurs: 0, maxOccurs: 1 });
    expect(await validateInputs(['a', 'b'])).toEqual([]);
    expect(await validateInputs('a')).toEqual([expect.objectContaining({ pointer: '/inputs/names' })]);
    expect(await validateInputs([])).toEqual([
      { pointer: '/inputs/names', detail: 'Expected 1 to 3 occurrences, got 0.' },
    ]);
    expect(await validateInputs(['a', 1])).toEqual([expect.objectContaining({ pointer: '/inputs/names/1' })]);
  });

  it('are checked by validators that no schema expresses', async () => {
    const process = await sample();
    expect(await process.validateInputs({ names: ['a'], part: { name: 'p' }, even: 3 })).toEqual([
      { pointer: '/inputs/even', detail: 'The number must be even.' },
    ]);
  });

  it('are accepted where their validators accept them, whatever a schema could say of it', async () => {
    class Lenient {
      @Input() @Matches(/^a+$/i) letters!: string;
      @Input() @IsISO8601() when!: string;
    }
    const process = (await start(processOf({ ...minimal, inputs: Lenient }))).get('sample');
    expect(await process.validateInputs({ letters: 'aAa', when: '2026-01-31T12:00:00' })).toEqual([]);
    const violations = await process.validateInputs({ letters: 'b', when: 'noon' });
    expect(violations.map(({ pointer }) => pointer)).toEqual(['/inputs/letters', '/inputs/when']);
  });

  it('become an instance of the DTO, with nested instances and the files untouched', async () => {
    const file = new InputFile('/nowhere', 1, 'image/png');
    const values = { names: ['a'], files: [file], part: { name: 'p' } };
    const process = await sample();
    expect(await process.validateInputs(values)).toEqual([]);
    const revived = process.reviveInputs(values) as unknown as Inputs;
    expect(revived).toBeInstanceOf(Inputs);
    expect(revived.part).toBeInstanceOf(Part);
    expect(revived.files![0]).toBe(file);
    expect(revived.even).toBe(2);
  });

  it('named __proto__ are unknown inputs and pollute nothing', async () => {
    const process = await sample();
    const values = JSON.parse('{"names":["a"],"part":{"name":"p"},"__proto__":{"polluted":1}}') as Record<
      string,
      unknown
    >;
    expect(await process.validateInputs(values)).toEqual([expect.objectContaining({ pointer: '/inputs/__proto__' })]);
    expect((process.reviveInputs(values) as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('inputs that take blocks', () => {
  class Inputs {
    @Input({ block: 'secret' }) @IsString() token!: string;
    @Input({ block: ['json', 'limits'], schema: { type: 'object' } }) limits: object = { most: 1 };
    @Input({ block: 'json' }) @Validate(IsEven) even = 2;
  }
  const sample = async () => (await start(processOf({ ...minimal, inputs: Inputs }))).get('sample');

  it('are described as a value or a reference, of which no value can be both', async () => {
    const { description, blockInputs } = await sample();
    const reference = (types: string) => ({
      type: 'object',
      properties: { $block: { type: 'string', pattern: `^${types}/[a-z0-9][a-z0-9._-]{0,63}$` } },
      required: ['$block'],
      additionalProperties: false,
    });
    expect(description.inputs.token.schema).toEqual({ oneOf: [{ type: 'string' }, reference('secret')] });
    expect(description.inputs.limits).toEqual({
      schema: {
        oneOf: [{ type: 'object', not: { type: 'object', required: ['$block'] } }, reference('(json|limits)')],
        default: { most: 1 },
      },
      minOccurs: 0,
      maxOccurs: 1,
    });
    expect(blockInputs?.get('limits')).toEqual(['json', 'limits']);
  });

  it('keep the alternatives of their values', async () => {
    const csv = { type: 'string', contentMediaType: 'text/csv' } as const;
    class Table {
      @Input({ block: 'json', schema: { oneOf: [csv, { type: 'array', items: {} }] } }) table!: unknown;
    }
    const process = (await start(processOf({ ...minimal, inputs: Table }))).get('sample');
    const { oneOf } = process.description.inputs.table.schema;
    expect(oneOf).toEqual([csv, { type: 'array', items: {} }, expect.objectContaining({ required: ['$block'] })]);
    for (const table of ['a,b', [1], { $block: 'json/table' }]) {
      expect(await process.validateInputs({ table })).toEqual([]);
    }
    expect(await process.validateInputs({ table: { $block: 'json/table' } }, 'resolved')).not.toEqual([]);
  });

  it('take references until they are resolved, and then values only', async () => {
    const process = await sample();
    const values = { token: { $block: 'secret/token' }, even: { $block: 'json/even' } };
    expect(await process.validateInputs(values)).toEqual([]);
    expect(values).toMatchObject({ limits: { most: 1 } });
    const resolved = await process.validateInputs(values, 'resolved');
    expect(resolved.map(({ pointer }) => pointer).sort()).toEqual(['/inputs/even', '/inputs/token']);
    expect(await process.validateInputs({ token: 'a', even: 3 }, 'resolved')).toEqual([
      { pointer: '/inputs/even', detail: 'The number must be even.' },
    ]);
  });

  it.each([{ $block: 'json/token' }, { $block: 'secret' }, { $block: 1 }, { $block: 'secret/a', b: 1 }])(
    'refuse %j with the place of the input',
    async (token) => {
      const detail = expect.stringContaining('Only a block of the type secret');
      expect(await (await sample()).validateInputs({ token })).toEqual([{ pointer: '/inputs/token', detail }]);
    },
  );

  it('are no files, and name types that can be', async () => {
    class Files {
      @Input({ block: 'secret', encoding: 'base64' }) file!: InputFile;
      @Input({ block: 'No Type' }) @IsString() text!: string;
    }
    const starting = start(processOf({ ...minimal, inputs: Files }));
    await expect(starting).rejects.toThrow(/takes no block[^]*which cannot be/);
  });
});

describe('outputs of a registered process', () => {
  it('are declared, present, of the right type, and either a value or a file', async () => {
    const outputs = { text: { schema: { type: 'string' as const } }, extra: { schema: {}, optional: true } };
    const process = (await start(processOf({ ...minimal, outputs }))).get('sample');
    expect(process.validateOutputs({ text: 'x' }, new Set())).toEqual([]);
    expect(process.validateOutputs({}, new Set(['text']))).toEqual([]);
    const pointers = (values: object, ...files: string[]) =>
      process.validateOutputs(values as Record<string, unknown>, new Set(files)).map(({ pointer }) => pointer);
    expect(pointers({})).toEqual(['/outputs/text']);
    expect(pointers({ text: 1 })).toEqual(['/outputs/text']);
    expect(pointers({ text: 'x' }, 'text')).toEqual(['/outputs/text']);
    expect(pointers({ text: 'x', other: 1 }, 'more')).toEqual(['/outputs/other', '/outputs/more']);
  });

  it('are base64 where they are bytes', async () => {
    const image = { schema: { type: 'string' as const, contentEncoding: 'base64', contentMediaType: 'image/png' } };
    const process = (await start(processOf({ ...minimal, outputs: { image } }))).get('sample');
    expect(process.validateOutputs({ image: 'QUJD' }, new Set())).toEqual([]);
    expect(process.validateOutputs({ image: 'not base64!' }, new Set())).toEqual([
      expect.objectContaining({ pointer: '/outputs/image' }),
    ]);
  });
});
