import 'reflect-metadata';
import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { Type } from '@nestjs/common';

// A fixed key: block classes loaded next to a second copy of this package are still found.
const BLOCK_KEY = 'sluice:block';

/** What `@Block()` takes. */
export interface BlockOptions {
  /** The first part of the names of its blocks: a small letter, then small letters, digits and `-`; at most 64. */
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  /** Names that no stored block of the type may have, because the service gives them a meaning of their own. */
  readonly reservedNames?: readonly string[];
}

/**
 * Makes a class a type of block: configuration that is stored under `<type>/<name>`, checked, and handed out as an
 * instance of the class. Its properties carry `@Field()`, secrets `@Secret()` as well. The class is listed among the
 * `providers` of a module and has a constructor without parameters. A method `test()`, when it has one, is what
 * `POST /blocks/{type}/{name}/test` calls: it resolves when the configuration works.
 *
 * @example
 * ```ts
 * @Block({ type: 'tide-gauge', title: 'Tide gauge' })
 * export class TideGauge {
 *   @Field({ title: 'Address', destination: true }) @IsUrl()
 *   url!: string;
 *
 *   @Field({ title: 'Token' }) @Secret() @IsOptional() @IsString()
 *   token?: string;
 * }
 * ```
 */
export function Block(options: BlockOptions) {
  const decorate = applyDecorators(Injectable(), SetMetadata(BLOCK_KEY, options));
  return (target: Type): void => decorate(target);
}

/** The options a class was decorated with; undefined for a class that is no type of block. */
export function blockOptionsOf(target: object): BlockOptions | undefined {
  return Reflect.getOwnMetadata(BLOCK_KEY, target) as BlockOptions | undefined;
}
