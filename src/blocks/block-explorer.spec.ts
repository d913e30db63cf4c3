import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { IsInt, IsOptional, IsString, IsUrl, Max, MinLength } from 'class-validator';
import { BlockExplorer } from './block-explorer.js';
import { BlockRegistry } from './block-registry.js';
import { Block } from './decorators/block.decorator.js';
import { Field } from './decorators/field.decorator.js';
import { Secret } from './decorators/secret.decorator.js';
import { AwsCredentialsBlock } from './types/aws-credentials.block.js';
import { JsonBlock } from './types/json.block.js';
import { SecretBlock } from './types/secret.block.js';

async function start(...providers: Type[]): Promise<BlockRegistry> {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [BlockExplorer, BlockRegistry, SecretBlock, JsonBlock, AwsCredentialsBlock, ...providers],
  }).compile();
  await module.init();
  return module.get(BlockRegistry);
}

abstract class Located {
  @Field({ title: 'URL' })
  @IsUrl()
  url!: string;
}

@Block({ type: 'gauge', title: 'Gauge', description: 'Measures' })
class Gauge extends Located {
  @Field({ title: 'Rate' })
  @IsInt()
  @Max(10)
  rate = 5;

  @Field({ title: 'Token' })
  @Secret()
  @IsOptional()
  @IsString()
  @MinLength(8)
  token?: string;

  @Field({ block: ['aws-credentials', 'secret'] })
  @IsOptional()
  credentials?: AwsCredentialsBlock | SecretBlock;
}

describe('the registry of types of blocks', () => {
  it('has every class with @Block(), sorted, with a schema of its fields, those of base classes first', async () => {
    const registry = await start(Gauge);
    expect(registry.list().map(({ type }) => type)).toEqual(['aws-credentials', 'gauge', 'json', 'secret']);
    const reference = (pattern: string) => ({
      type: 'object',
      properties: { $block: { type: 'string', pattern } },
      required: ['$block'],
      additionalProperties: false,
    });
    expect(registry.get('gauge').schema).toEqual({
      type: 'object',
      properties: {
        url: { title: 'URL', type: 'string' },
        rate: { title: 'Rate', type: 'integer', maximum: 10, default: 5 },
        token: {
          title: 'Token',
          oneOf: [
            { type: 'string', minLength: 8, format: 'password' },
            reference('^secret/[a-z0-9][a-z0-9._-]{0,63}$'),
          ],
          writeOnly: true,
        },
        credentials: reference('^(aws-credentials|secret)/[a-z0-9][a-z0-9._-]{0,63}$'),
      },
      required: ['url'],
      additionalProperties: false,
    });
  });

  it('names every type that there is where one is not known', async () => {
    const registry = await start();
    expect(() => registry.get('no-such')).toThrow('There is no type of block "no-such". There are aws-credentials');
  });

  it('takes a class once that several modules provide', async () => {
    expect((await start(Gauge, Gauge)).list()).toHaveLength(4);
  });

  it('fails the start with all faults of all classes at once', async () => {
    @Block({ type: 'Wrong_Type' })
    class Badly {
      @Field()
      anything: unknown;

      @Secret()
      forgotten!: string;

      @Field()
      @Secret()
      @IsInt()
      number!: number;

      @Field()
      @Secret()
      @IsString()
      known = 'to all';

      @Field({ block: 'no-such-type' })
      other!: object;
    }
    @Block({ type: 'secret' })
    class Another {}
    @Block({ type: 'lost' })
    class Lost {
      @Field({ block: 'nowhere' })
      other!: object;
    }
    const message = await start(Badly, Another, Lost).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message.split('\n').map((line) => line.slice(0, 90))).toEqual([
      expect.stringMatching(/^The service cannot start, 7 fault\(s\) in types of blocks:/),
      expect.stringContaining('Badly (Wrong_Type), type: must begin with a small letter'),
      expect.stringContaining('Badly (Wrong_Type), forgotten: has @Secret() without @Field()'),
      expect.stringContaining('Badly (Wrong_Type), anything: has no schema'),
      expect.stringContaining('Badly (Wrong_Type), number: is a secret that is neither text nor an object'),
      expect.stringContaining('Badly (Wrong_Type), known: is a secret with a default'),
      expect.stringContaining('Another (secret), type: is taken by the class SecretBlock already'),
      expect.stringContaining('Lost (lost), other: refers to blocks of the type nowhere, which no class has'),
    ]);
  });

  it('refuses a secret inside of a value, where nothing would encrypt it', async () => {
    class Inner {
      @Field()
      @Secret()
      @IsString()
      password!: string;
    }
    @Block({ type: 'outer' })
    class Outer {
      @Field()
      inner!: Inner;
    }
    await expect(start(Outer)).rejects.toThrow('inner: has @Secret() inside');
  });
});

describe('the validation of a document', () => {
  const violationsOf = async (values: Record<string, unknown>) => (await start(Gauge)).get('gauge').validate(values);

  it('takes what fits: secrets in the clear or by reference, and references to blocks', async () => {
    expect(await violationsOf({ url: 'https://a.example/' })).toEqual([]);
    expect(await violationsOf({ url: 'https://a.example/', rate: 3, token: 'long enough' })).toEqual([]);
    const references = { token: { $block: 'secret/t' }, credentials: { $block: 'aws-credentials/prod' } };
    expect(await violationsOf({ url: 'https://a.example/', ...references })).toEqual([]);
  });

  it('names every fault at once, also what only class-validator can say', async () => {
    const wrong = { rate: 11, credentials: { $block: 'json/x' }, colour: 'red' };
    expect((await violationsOf(wrong)).map(({ pointer }) => pointer).sort()).toEqual([
      '/values/colour',
      '/values/credentials/$block',
      '/values/rate',
      '/values/url',
    ]);
    expect(await violationsOf({ url: 'no url' })).toEqual([
      { pointer: '/values/url', detail: 'Url must be a URL address.' },
    ]);
  });

  it.each([['hunter2'], [{ inner: 'hunter2' }], [['hunter2']]])('does not repeat the secret %j', async (token) => {
    const violations = await violationsOf({ url: 'https://a.example/', token });
    expect(violations).not.toEqual([]);
    expect(violations.map(({ pointer }) => pointer)).toEqual(violations.map(() => '/values/token'));
    expect(JSON.stringify(violations)).not.toContain('hunter');
  });
});
