import { isJsonObject } from '../ogc/json-object.js';
import { BLOCK_MEMBER, BLOCK_NAME, BLOCK_TYPE } from '../processes/schema/block-reference.js';

/** Which block is meant. Its text is `<type>/<name>`. */
export interface BlockRef {
  readonly type: string;
  readonly name: string;
}

/** What a name has to be, as the end of a sentence. */
export const NAME_WORDS =
  'must begin with a small letter or digit, followed by up to 63 small letters, digits, . _ and -';

/** Reads `<type>/<name>`. @returns nothing for a text that is no name of a block */
export function parseBlockRef(text: string): BlockRef | undefined {
  const [type, name, ...rest] = text.split('/');
  const isRef = rest.length === 0 && BLOCK_TYPE.test(type) && name !== undefined && BLOCK_NAME.test(name);
  return isRef ? { type, name } : undefined;
}

/** `<type>/<name>` */
export function blockRefText({ type, name }: BlockRef): string {
  return `${type}/${name}`;
}

/** The block that a JSON value refers to, when it is `{"$block": "<type>/<name>"}` and nothing else. */
export function referencedBlock(value: unknown): string | undefined {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return undefined;
  const ref = Object.hasOwn(value, BLOCK_MEMBER) ? value[BLOCK_MEMBER] : undefined;
  return typeof ref === 'string' && parseBlockRef(ref) !== undefined ? ref : undefined;
}
