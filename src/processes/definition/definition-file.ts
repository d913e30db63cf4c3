import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { FaultCollector } from './invalid-process.error.js';

/** Reads a process description from a YAML or JSON file; reports a file that is missing or cannot be parsed. */
export function readDefinitionFile(location: unknown, faults: FaultCollector): unknown {
  const path = fileOf(location);
  if (!path) {
    faults.add(
      'definition',
      `must be the URL of a file, this is ${String(location)}; write \`new URL('./name.process.yaml', import.meta.url)\`.`,
    );
    return undefined;
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    faults.add(
      'definition',
      `the file ${path} cannot be read (${(error as Error).message}); check the name, and that the build copies *.process.yaml and *.process.json files.`,
    );
    return undefined;
  }
  try {
    return extname(path) === '.json' ? JSON.parse(text) : parse(text, { maxAliasCount: 100 });
  } catch (error) {
    faults.add(
      'definition',
      `the file ${path} is not valid ${extname(path) === '.json' ? 'JSON' : 'YAML'}: ${(error as Error).message}`,
    );
    return undefined;
  }
}

function fileOf(location: unknown): string | undefined {
  // `instanceof URL` would refuse a URL of another realm, such as a test environment's.
  const href = (location as Partial<URL> | undefined)?.href;
  return typeof href === 'string' && href.startsWith('file:') ? fileURLToPath(href) : undefined;
}
