import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { InputDescription, Schema } from '../client/ogc-documents.js';
import { ExecuteBody } from './execute-body.js';
import { readInputs } from './read-inputs.js';

const BINARY: Schema = { type: 'string', contentEncoding: 'base64', contentMediaType: 'application/octet-stream' };
const IMAGE: Schema = {
  oneOf: [
    { type: 'string', contentEncoding: 'binary', contentMediaType: 'image/tiff' },
    { type: 'string', contentEncoding: 'binary', contentMediaType: 'image/jp2' },
  ],
};
const INPUTS: Record<string, InputDescription> = {
  name: { schema: { type: 'string' } },
  geometry: { schema: { type: 'object' } },
  mixed: { schema: { oneOf: [{ type: 'string' }, { type: 'object' }] } },
  list: { schema: { type: 'array', items: { type: 'integer' } } },
  many: { schema: { type: 'integer' }, maxOccurs: 'unbounded' },
  box: { schema: { format: 'ogc-bbox', type: 'object' } },
  bytes: { schema: BINARY },
  image: { schema: IMAGE },
  either: { schema: { oneOf: [{ type: 'object' }, BINARY] } },
};

describe(ExecuteBody.name, () => {
  let directory: string;
  // Not a multiple of three, and longer than one read.
  const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, index) => index % 251));
  const file = (name: string) => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    writeFileSync(file('data.bin'), bytes);
    writeFileSync(file('point.json'), '{"type": "Point", "coordinates": [1.50, 2]}');
    writeFileSync(file('note.txt'), 'a "note"\n');
    writeFileSync(file('image.tif'), 'II*');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function body(...given: string[]): Promise<{ inputs: Record<string, unknown>; text: string }> {
    const made = new ExecuteBody(await readInputs(given, INPUTS), { response: 'raw' });
    const sent = await text(made.stream());
    expect(made.length).toBe(Buffer.byteLength(sent));
    return { text: sent, ...(JSON.parse(sent) as { inputs: Record<string, unknown> }) };
  }

  it('sends values as the schemas want them', async () => {
    const { inputs } = await body('name=Ada', 'list=1,2', 'box=1,2,3,4');
    expect(inputs).toEqual({ name: 'Ada', list: [1, 2], box: { bbox: [1, 2, 3, 4] } });
  });

  it('makes a list of repeated keys: occurrences, or items of an array', async () => {
    expect((await body('many=1', 'many=2', 'list=3', 'list=4')).inputs).toEqual({ many: [1, 2], list: [3, 4] });
    expect((await body('many=1')).inputs).toEqual({ many: [1] });
  });

  it('qualifies objects other than bounding boxes (inlineOrRefData.yaml)', async () => {
    expect((await body('mixed={"a":1}')).inputs).toEqual({ mixed: { value: { a: 1 } } });
  });

  it('sends what follows := exactly as written', async () => {
    expect((await body('geometry:={"a": 1.0}', 'unknown:=12345678901234567890')).text).toContain(
      '{"geometry":{"a": 1.0},"unknown":12345678901234567890}',
    );
  });

  it('sends a JSON file as it stands where the schema wants JSON', async () => {
    expect((await body(`geometry=@${file('point.json')}`)).text).toContain(
      '"geometry":{"value":{"type": "Point", "coordinates": [1.50, 2]}}',
    );
  });

  it('sends text files as strings', async () => {
    expect((await body(`name=@${file('note.txt')}`, `mixed=@${file('note.txt')}`)).inputs).toEqual({
      name: 'a "note"\n',
      mixed: 'a "note"\n',
    });
  });

  it('sends binary files as base64, and knows the length before it reads them', async () => {
    expect((await body(`bytes=@${file('data.bin')}`)).inputs).toEqual({ bytes: bytes.toString('base64') });
  });

  it('names the media type where the schema takes several', async () => {
    const value = Buffer.from('II*').toString('base64');
    expect((await body(`image=@${file('image.tif')}`)).inputs).toEqual({
      image: { value, encoding: 'base64', mediaType: 'image/tiff' },
    });
    expect((await body(`image=@${file('image.tif')};type=image/jp2`)).inputs).toEqual({
      image: { value, encoding: 'base64', mediaType: 'image/jp2' },
    });
  });

  it('chooses between JSON and bytes by the file', async () => {
    const { inputs } = await body(`either=@${file('point.json')}`);
    expect(inputs).toEqual({ either: { value: { type: 'Point', coordinates: [1.5, 2] } } });
    expect((await body(`either=@${file('image.tif')}`)).inputs).toHaveProperty('either.encoding', 'base64');
  });

  it('sends references as links', async () => {
    expect((await body('image=@https://example.org/a.tif;type=image/tiff')).inputs).toEqual({
      image: { href: 'https://example.org/a.tif', type: 'image/tiff' },
    });
  });

  it('asks for the outputs and the response that are wanted', async () => {
    const outputs = [{ id: 'a', mediaType: 'image/png' }, { id: 'b' }];
    const made = new ExecuteBody(new Map(), { outputs, response: 'document' });
    expect(JSON.parse(await text(made.stream()))).toEqual({
      inputs: {},
      outputs: { a: { format: { mediaType: 'image/png' } }, b: {} },
      response: 'document',
    });
  });

  it.each([
    [['nme=x'], /no input "nme". It has name, geometry/],
    [['name=a', 'name=b'], /"name" can be given once only/],
    [['geometry=@/nonexistent/file'], /cannot be read/],
    [['bytes=@/nonexistent/file'], /cannot be read/],
    [['geometry:={'], /not valid JSON/],
    [['bytes=@-', 'name=@-'], /one input only/],
  ])('refuses %j before anything is sent', async (given, message) => {
    await expect(readInputs(given, INPUTS)).rejects.toThrow(message);
  });

  it('refuses a file whose content the schema cannot take', async () => {
    await expect(readInputs([`geometry=@${file('note.txt')}`], INPUTS)).rejects.toThrow(/takes JSON/);
    await expect(readInputs([`name=@${file('data.bin')}`], INPUTS)).rejects.toThrow(/no binary data/);
  });
});
