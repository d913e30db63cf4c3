import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../config/settings.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { AddressPolicy } from '../../outgoing/address-policy.js';
import { GuardedFetch } from '../../outgoing/guarded-fetch.js';
import { InputFile } from '../../processes/input-file.js';
import { CompiledProcess } from '../../processes/compiled-process.js';
import { FaultCollector } from '../../processes/definition/invalid-process.error.js';
import type { InputDescription, ProcessDescription } from '../../processes/process-description.js';
import type { ProcessPolicy } from '../../processes/registered-process.js';
import { InputResolver } from './input-resolver.js';
import { ReferenceReader } from './reference.reader.js';

const INPUTS: Record<string, InputDescription> = {
  text: { schema: { type: 'string' } },
  number: { schema: { type: 'number' } },
  xml: { schema: { type: 'string', contentMediaType: 'application/xml' } },
  object: { schema: { type: 'object' } },
  measure: { schema: { type: 'object', properties: { value: { type: 'number' }, uom: { type: 'string' } } } },
  place: { schema: { type: 'object', properties: { href: { type: 'string' }, name: { type: 'string' } } } },
  array: { schema: { type: 'array', items: { type: 'integer' } } },
  many: { schema: { type: 'string' }, maxOccurs: 'unbounded' },
  bbox: { schema: { allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] } },
  mixed: { schema: { oneOf: [{ type: 'string' }, { type: 'object' }] } },
  image: { schema: { type: 'string', contentEncoding: 'binary', contentMediaType: 'image/tiff' } },
  images: { schema: { type: 'string', format: 'byte' }, maxOccurs: 3 },
  geometry: {
    schema: {
      oneOf: [
        { type: 'string', contentMediaType: 'application/gml+xml' },
        { type: 'object', format: 'geojson-geometry' },
        { type: 'string', contentEncoding: 'base64', contentMediaType: 'application/octet-stream' },
      ],
    },
  },
};

function processWith(inputs: Record<string, InputDescription>): CompiledProcess {
  const description = { id: 'sample', inputs, outputs: {} } as unknown as ProcessDescription;
  const policy: ProcessPolicy = { isolation: 'inline', syncJobs: true };
  const definition = {
    description,
    policy,
    blockInputs: new Map([['limits', ['json']]]),
    optionalOutputs: new Set<string>(),
  };
  const process = CompiledProcess.compile(
    definition,
    { execute: () => ({}) } as never,
    new FaultCollector(() => 'sample'),
  );
  return process!;
}

const optional = Object.entries(INPUTS).map(([id, input]) => [id, { minOccurs: 0, ...input }] as const);
const sample = processWith(Object.fromEntries(optional));

describe(InputResolver.name, () => {
  const settings = Settings.parse({});
  const fetcher = new GuardedFetch(new AddressPolicy(settings));
  const resolver = new InputResolver(new ReferenceReader(fetcher, settings));
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'inputs-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const resolve = async (
    raw: unknown,
    signal = new AbortController().signal,
    process = sample,
  ): Promise<Record<string, unknown>> =>
    resolver.resolve(raw as Record<string, unknown>, process, directory, { signal });

  async function failure(raw: unknown, process = sample): Promise<{ code: string; errors: Record<string, string> }> {
    const error: unknown = await resolve(raw, undefined, process).catch((thrown: unknown) => thrown);
    if (!(error instanceof DomainError)) throw new Error('expected a DomainError', { cause: error });
    return {
      code: error.code,
      errors: Object.fromEntries(error.errors!.map(({ pointer, detail }) => [pointer, detail])),
    };
  }

  it.each<[string, unknown, unknown]>([
    ['text', 'Ada', 'Ada'],
    ['number', 3.14, 3.14],
    ['number', null, null],
    ['array', [1, 2, 3], [1, 2, 3]],
    ['array', [], []],
    ['bbox', { bbox: [1, 2, 3, 4], crs: 'urn:x' }, { bbox: [1, 2, 3, 4], crs: 'urn:x' }],
    ['object', { value: { a: 1 } }, { a: 1 }],
    ['object', { a: 1 }, { a: 1 }],
    ['mixed', { value: { a: 1 }, mediaType: 'application/json' }, { a: 1 }],
    ['mixed', { value: 'plain', format: { mediaType: 'text/plain' } }, 'plain'],
    ['xml', { value: '<a/>', format: { mediaType: 'text/xml' } }, '<a/>'],
    ['geometry', { value: '<gml/>', mediaType: 'application/gml+xml; version=3.2' }, '<gml/>'],
    ['geometry', { value: { type: 'Point' } }, { type: 'Point' }],
    ['geometry', '<gml/>', '<gml/>'],
    ['text', { value: 'xyz', encoding: 'utf-8', schema: {} }, 'xyz'],
    ['text', { value: Buffer.from('grün').toString('base64'), encoding: 'BASE64' }, 'grün'],
    [
      'text',
      {
        value: Buffer.from([0xfc]).toString('base64'),
        format: { encoding: 'base64', mediaType: 'text/plain; charset="latin1"' },
      },
      'ü',
    ],
    ['geometry', { value: 'eyJhIjoxfQ==', encoding: 'base64', mediaType: 'application/geo+json' }, { a: 1 }],
    ['measure', { value: 3, uom: 'm' }, { value: 3, uom: 'm' }],
    ['measure', { value: { value: 3, uom: 'm' } }, { value: 3, uom: 'm' }],
    ['measure', { value: 3 }, 3],
    ['place', { href: 'x', name: 'y' }, { href: 'x', name: 'y' }],
    ['many', ['a', { value: 'b' }], ['a', 'b']],
    ['many', 'a', ['a']],
    ['many', [], []],
  ])('reads the input %s from %j (section 7.11.2.2)', async (id, raw, expected) => {
    expect(await resolve({ [id]: raw })).toEqual({ [id]: expected });
  });

  it('leaves unknown inputs for validation to name', async () => {
    expect(await resolve({ other: { href: 'x' } })).toEqual({ other: { href: 'x' } });
  });

  it('keeps members named __proto__ and constructor harmless', async () => {
    const resolved = await resolve(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "text": "a"}'));
    expect(Object.keys(resolved)).toEqual(['__proto__', 'constructor', 'text']);
    expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('stages binary inputs as files (/req/core/process-execute-input-inline-binary)', async () => {
    const { image, images, geometry } = (await resolve({
      image: Buffer.from('first').toString('base64'),
      images: [{ value: Buffer.from('second').toString('base64url'), encoding: 'base64', mediaType: 'image/png' }],
      geometry: { value: Buffer.from('third').toString('base64'), format: { encoding: 'base64' } },
    })) as { image: InputFile; images: InputFile[]; geometry: InputFile };
    expect(image).toBeInstanceOf(InputFile);
    expect([image.mediaType, image.size, String(await image.bytes())]).toEqual(['image/tiff', 5, 'first']);
    expect([images[0].mediaType, String(await images[0].bytes())]).toEqual(['image/png', 'second']);
    expect([geometry.mediaType, String(await geometry.bytes())]).toEqual(['application/octet-stream', 'third']);
    expect((await readdir(join(directory, 'inputs'))).sort()).toEqual(['0', '1', '2']);
  });

  it('names every violation at once, and leaves no staged file behind', async () => {
    const { code, errors } = await failure({
      image: 'not base64!',
      images: ['Zm9v', 7, { value: 'Zg', encoding: 'hex' }],
      xml: { value: '<a/>', mediaType: 'image/png' },
      text: { value: 'a', mediaType: 7, format: { encoding: [] } },
      many: [{ href: 7 }, { value: '//8=', encoding: 'base64' }],
      object: { value: {}, format: 'x' },
      number: { href: 'https://example.org', type: 'image/png' },
      geometry: { value: {}, mediaType: 'text/x\r\nSet-Cookie: a' },
      mixed: { value: 'x', encoding: 'rot13' },
    });
    expect(code).toBe('invalid-parameter');
    expect(Object.keys(errors).sort()).toEqual([
      '/inputs/geometry/mediaType',
      '/inputs/image',
      '/inputs/images/1',
      '/inputs/images/2',
      '/inputs/many/0/href',
      '/inputs/many/1',
      '/inputs/mixed',
      '/inputs/number',
      '/inputs/object/format',
      '/inputs/text/format/encoding',
      '/inputs/text/mediaType',
      '/inputs/xml',
    ]);
    expect(errors['/inputs/xml']).toMatch(/application\/xml/);
    expect(existsSync(directory)).toBe(false);
  });

  it.each([
    ['http://127.0.0.1:1/x', /address/],
    ['http://[::ffff:127.0.0.1]/', /address/],
    ['http://2130706433/', /address/],
    ['ftp://example.org/x', /http or https/],
    ['file:///etc/passwd', /http or https/],
    ['data:,x', /http or https/],
    ['relative', /http or https/],
    ['http://user:secret@example.org/', /password/],
  ])('refuses the reference %s without a connection', async (href, reason) => {
    const { code, errors } = await failure({ text: { href } });
    expect(code).toBe('reference-unavailable');
    expect(errors['/inputs/text']).toMatch(reason);
  });

  it('refuses a number too large to be read in encoded JSON', async () => {
    const value = Buffer.from('{"a":[1e400]}').toString('base64');
    const { code, errors } = await failure({ object: { value, encoding: 'base64', mediaType: 'application/json' } });
    expect(code).toBe('invalid-parameter');
    expect(errors['/inputs/object']).toMatch(/too large to be read at \/a\/0/);
  });

  it('refuses more references than a request may cause', async () => {
    const { code, errors } = await failure({
      many: Array.from({ length: 257 }, () => ({ href: 'http://127.0.0.1/' })),
    });
    expect(code).toBe('invalid-parameter');
    expect(Object.keys(errors)).toEqual(['/inputs/many/256']);
  });

  describe('before anything is fetched', () => {
    const needy = processWith({
      ...sample.description.inputs,
      name: { schema: { type: 'string' } },
      few: { schema: { type: 'integer' }, minOccurs: 0, maxOccurs: 3 },
      options: {
        schema: { type: 'object', properties: { n: { type: 'integer', default: 1 } }, required: ['n'] },
        minOccurs: 0,
      },
      limits: { schema: { oneOf: [{ type: 'object' }, { type: 'object', required: ['$block'] }] }, minOccurs: 0 },
    });
    // Nothing is ever fetched from it: a request would be answered with a violation of its own.
    const ref = { href: 'http://127.0.0.1:1/' };

    it.each<[string, Record<string, unknown>, string[]]>([
      ['a missing input', { text: ref }, ['/inputs/name']],
      ['an unknown input', { name: 'a', text: ref, other: 1 }, ['/inputs/other']],
      ['a value of another type', { name: 5, text: ref }, ['/inputs/name']],
      ['too many occurrences', { name: 'a', few: [1, ref, ref, ref] }, ['/inputs/few']],
      ['an occurrence of another type', { name: 'a', few: [1, 'a', ref] }, ['/inputs/few/1']],
      [
        'a value that is encoded',
        { name: { value: 'YQ==', encoding: 'base64' }, few: 'a', text: ref },
        ['/inputs/few/0'],
      ],
      ['a file that is none', { name: 'a', number: 'x', image: 'YQ==', text: ref }, ['/inputs/number']],
      ['a reference to a block', { name: 'a', limits: { $block: 'secret/a' }, text: ref }, ['/inputs/limits']],
      [
        'everything at once',
        { number: 'x', zzz: 1, few: ['a', ref], many: [{ href: 7 }], xml: { ...ref, type: 'image/png' } },
        ['/inputs/few/0', '/inputs/many/0/href', '/inputs/name', '/inputs/number', '/inputs/xml', '/inputs/zzz'],
      ],
    ])('names %s', async (_, raw, pointers) => {
      const { code, errors } = await failure(raw, needy);
      expect([code, Object.keys(errors).sort()]).toEqual(['invalid-parameter', pointers]);
      expect(existsSync(directory)).toBe(false);
    });

    it('names what validation would name, in its words', async () => {
      const { errors } = await failure({ name: 5, zzz: 1, text: ref }, needy);
      const violations = await needy.validateInputs({ name: 5, zzz: 1, text: 'a' });
      expect(errors).toEqual(Object.fromEntries(violations.map(({ pointer, detail }) => [pointer, detail])));
    });

    it('names a value that is too deep', async () => {
      const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000));
      expect(Object.keys((await failure({ name: 'a', array: deep, text: ref }, needy)).errors)).toEqual([
        '/inputs/array',
      ]);
    });

    it('fills nothing into what was sent', async () => {
      const options = {};
      const { code } = await failure({ name: 'a', options, limits: { $block: 'json/a' }, text: ref }, needy);
      expect([code, options]).toEqual(['reference-unavailable', {}]);
    });
  });

  it('validates nothing where all values are there', async () => {
    expect(await resolve({ number: 'x', many: 7 })).toEqual({ number: 'x', many: [7] });
  });

  it('stops with the reason of the signal', async () => {
    const reason = new Error('dismissed');
    await expect(resolve({ image: 'YQ==' }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('throws nothing but DomainError, whatever JSON comes', async () => {
    const id = fc.constantFrom(...Object.keys(INPUTS), 'unknown');
    const member = fc.constantFrom('value', 'href', 'format', 'mediaType', 'encoding', 'type', 'bbox', '__proto__');
    const text = fc.constantFrom('base64', 'application/json', 'Zm9v', 'http://127.0.0.1/', 'text/xml; charset=nope');
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.jsonValue({ maxDepth: 2 }),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(member, tie('node'), { maxKeys: 4 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(id, node, { maxKeys: 4 }), async (raw) => {
        await resolve(JSON.parse(JSON.stringify(raw))).catch((error: unknown) => {
          expect(error).toBeInstanceOf(DomainError);
        });
        await rm(join(directory, 'inputs'), { recursive: true, force: true });
      }),
      { numRuns: 150 },
    );
  });

  describe('the schema of a format (/req/core/process-execute-input-mixed-type)', () => {
    const object = { type: 'object', format: 'geojson-geometry' };

    it('chooses the alternative that is read', async () => {
      const image = { type: 'string', contentEncoding: 'base64', contentMediaType: 'application/octet-stream' };
      const { geometry } = await resolve({ geometry: { value: 'Zm9v', format: { schema: image } } });
      expect(geometry).toBeInstanceOf(InputFile);
      expect(await resolve({ geometry: { value: { type: 'Point' }, schema: object } })).toEqual({
        geometry: { type: 'Point' },
      });
    });

    it.each([
      [{ value: 'x', schema: 'http://a.example/none' }, '/inputs/geometry/schema'],
      [{ value: 'x', format: { schema: { type: 'integer' } } }, '/inputs/geometry/format/schema'],
      [{ href: 'http://a.example/x', schema: { type: 'integer' } }, '/inputs/geometry/schema'],
      [{ value: 'x', format: { schema: 5 } }, '/inputs/geometry/format/schema'],
    ])('is refused with its place when it is none of the input: %j', async (geometry, pointer) => {
      const { code, errors } = await failure({ geometry });
      expect([code, Object.keys(errors)]).toEqual(['invalid-parameter', [pointer]]);
    });

    it('and a media type of another alternative are refused', async () => {
      const { errors } = await failure({
        geometry: { value: '<a/>', mediaType: 'application/gml+xml', schema: object },
      });
      expect(Object.keys(errors)).toEqual(['/inputs/geometry']);
    });
  });
});
