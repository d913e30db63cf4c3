import { describe, expect, it } from '@jest/globals';
import type { ProcessDescription } from '../process-description.js';
import { checkTemplate, renderTemplate, templateInputs } from './input-template.js';
import { FaultCollector } from './invalid-process.error.js';

describe(renderTemplate.name, () => {
  it('puts values in the place of ids: texts as they are, others as canonical JSON, missing ones as nothing', () => {
    const inputs = { region: 'north', box: { b: [1.0, 2], a: null }, n: 7 };
    expect(renderTemplate('{region}/{box}/{n}/{other}!', inputs)).toBe('north/{"a":null,"b":[1,2]}/7/!');
  });

  it('does not read what a value brings along as another place', () => {
    expect(renderTemplate('{a}{b}', { a: '{b}', b: 'x' })).toBe('{b}x');
  });

  it('finds the inputs in their order', () => {
    expect(templateInputs('x{b}-{a}{b}')).toEqual(['b', 'a', 'b']);
  });
});

describe(checkTemplate.name, () => {
  const description = {
    inputs: { region: { schema: { type: 'string' } }, image: { schema: { type: 'string', format: 'byte' } } },
  } as unknown as ProcessDescription;
  const faultsOf = (template: string) => {
    const faults = new FaultCollector(() => 'Class (id)');
    checkTemplate(template, description, 'concurrency.key', faults);
    return faults.faults.map(({ path, detail }) => `${path} ${detail}`);
  };

  it('takes inputs that are values', () => {
    expect(faultsOf('{region}')).toEqual([]);
  });

  it.each([
    ['region', /names no input/],
    ['{area}', /\{area\}, which is no input; the inputs are region, image/],
    ['{toString}', /is no input/],
    ['{image}', /may be a file/],
  ])('refuses %s and says why', (template, message) => {
    expect(faultsOf(template)).toEqual([expect.stringMatching(message)]);
  });
});
