import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { environmentValue } from '../../config/environment-value.js';
import { isJsonObject, type JsonObject } from '../../ogc/json-object.js';
import { type BlockRef, parseBlockRef } from '../block-ref.js';
import { BlocksFileError } from './blocks-file.error.js';

/** A block of the file, with what its values refer to put in their places. */
export interface FileBlock {
  readonly ref: BlockRef;
  readonly values: JsonObject;
}

/**
 * Reads a BLOCKS_FILE: a YAML mapping from `<type>/<name>` to values. `{$file: path}` stands for the content of a file,
 * without white space around it (the path is relative to the BLOCKS_FILE), `{$env: NAME}` for a variable of the
 * environment.
 * @throws BlocksFileError with every fault
 */
export function readBlocksFile(path: string): FileBlock[] {
  const faults: string[] = [];
  const document = parse(path);
  const place = dirname(resolve(path));
  const blocks = Object.entries(document).flatMap(([name, values]) => {
    const ref = parseBlockRef(name);
    if (ref === undefined) {
      faults.push(`${JSON.stringify(name)} is no name of a block (<type>/<name>, small letters and digits)`);
      return [];
    }
    if (!isJsonObject(values)) {
      faults.push(`${name} must be a mapping of values`);
      return [];
    }
    return [{ ref, values: substitute(values, name, place, faults) as JsonObject }];
  });
  if (faults.length > 0) throw new BlocksFileError(path, faults);
  return blocks;
}

function parse(path: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BlocksFileError(path, [`it cannot be read: ${(error as NodeJS.ErrnoException).code}`], { cause: error });
  }
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) {
    // Their messages may quote the text, secrets included.
    const lines = document.errors.map(({ code, pos }) => `line ${text.slice(0, pos[0]).split('\n').length}: ${code}`);
    throw new BlocksFileError(path, lines);
  }
  const value: unknown = document.toJS() ?? {};
  if (!isJsonObject(value)) throw new BlocksFileError(path, ['it must be a mapping from <type>/<name> to values']);
  return value;
}

function substitute(value: unknown, at: string, place: string, faults: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, `${at}, ${index}`, place, faults));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const [[key, source] = ['', undefined]] = entries;
  if (entries.length === 1 && typeof source === 'string') {
    if (key === '$file') return fileContent(resolve(place, source), at, faults);
    if (key === '$env') return variable(source, at, faults);
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, substitute(item, `${at}, ${name}`, place, faults)]));
}

function fileContent(path: string, at: string, faults: string[]): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    faults.push(`${at}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return '';
  }
}

function variable(name: string, at: string, faults: string[]): string {
  const value = environmentValue(name);
  if (value === undefined) faults.push(`${at}: the environment has no variable ${name}`);
  return value ?? '';
}
