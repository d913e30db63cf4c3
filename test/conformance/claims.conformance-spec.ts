import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { conformanceClasses } from '../../src/ogc/conformance.js';
import { classOf, uriOf } from './requirement.js';
import { knownClasses, REQUIREMENTS, requirementsOf } from './table.js';

interface IndexEntry {
  readonly part: string;
  readonly version: string;
  readonly kind: 'req' | 'rec' | 'per';
  readonly id: string;
}

const INDEX = resolve('../shared/standards/schemas/derived/requirements-index.json');
const claims = conformanceClasses('2.0');
const itWithIndex = existsSync(INDEX) || process.env.CI ? it : it.skip;

/** URIs of the requirements of Part 1. The index adds a remark to an id that the standard printed wrongly. */
function printedRequirements(): { version: string; id: string; uri: string }[] {
  const entries = JSON.parse(readFileSync(INDEX, 'utf8')) as IndexEntry[];
  return entries
    .filter(({ part, kind }) => part === '1' && kind === 'req')
    .map(({ version, id }) => ({ version: version.slice(0, 3) as '1.0' | '2.0', id: id.replace(/ \(.*\)$/, '') }))
    .map((entry) => ({ ...entry, uri: uriOf(entry) }));
}

describe('What the conformance page claims', () => {
  it.each(claims)('%s is proven by tests that name its requirements', (uri) => {
    expect(requirementsOf(uri).map(({ id }) => id)).not.toEqual([]);
  });

  it('lists each class once, and the core of 2.0 only where 2.0 is the default', () => {
    expect(new Set(claims).size).toBe(claims.length);
    const more = claims.filter((uri) => !conformanceClasses('1.0').includes(uri));
    expect(more).toEqual(['http://www.opengis.net/spec/ogcapi-processes-1/2.0/conf/core']);
  });

  it('names no requirement twice in the table', () => {
    const uris = REQUIREMENTS.map(uriOf);
    expect(uris.filter((uri, index) => uris.indexOf(uri) !== index)).toEqual([]);
  });

  itWithIndex('has a test for every requirement of a class that the table knows, and for nothing else', () => {
    const tested = new Set(REQUIREMENTS.map(uriOf));
    const classes = new Set(REQUIREMENTS.map(({ version, id }) => `${version} ${classOf(id)}`));
    const wanted = printedRequirements().filter(({ version, id }) => classes.has(`${version} ${classOf(id)}`));
    expect([...tested].sort()).toEqual([...new Set(wanted.map(({ uri }) => uri))].sort());
  });

  itWithIndex('claims no class that the standard does not know', () => {
    const known = new Set(knownClasses());
    const foreign = claims.filter((uri) => uri.includes('ogcapi-processes-1') && !known.has(uri));
    expect(foreign).toEqual([]);
  });
});
