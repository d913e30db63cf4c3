import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOB_EVENT_TYPES } from './event-types.js';

/** The values that statements insert as the type of an event, as far as they stand in the statement itself. */
function insertedTypes(source: string): string[] {
  return source.split('INSERT INTO job_event').flatMap((text, index) => {
    if (index === 0) return [];
    let insert = text.slice(0, text.search(/\n {2,3}\)|`/));
    // What is compared, and what stands in parentheses such as the members of the data, are no types.
    for (let outer = ''; outer !== insert; insert = insert.replaceAll(/\([^()]*\)/g, '')) outer = insert;
    insert = insert.replaceAll(/(->>?|=|<>|WHEN)\s*'[^']*'/g, '');
    return [...insert.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map(([, type]) => type);
  });
}

describe('JOB_EVENT_TYPES', () => {
  it('names each type once', () => {
    expect([...new Set(JOB_EVENT_TYPES)]).toEqual(JOB_EVENT_TYPES);
  });

  it('has every type that a statement writes, so that nobody is refused a subscription to it', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const types = files
      .filter((file) => !file.endsWith('.spec.ts'))
      .flatMap((file) => insertedTypes(readFileSync(join('src', file), 'utf8')));
    expect(types).toEqual(expect.arrayContaining(['accepted', 'successful', 'dismissed', 'retried', 'artifact']));
    expect([...new Set(types)].filter((type) => !(JOB_EVENT_TYPES as readonly string[]).includes(type))).toEqual([]);
  });
});
