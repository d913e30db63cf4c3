import canonicalize from 'canonicalize';
import type { ProcessDescription } from '../process-description.js';
import { binaryAlternatives } from '../schema/binary-schema.js';
import type { FaultCollector } from './invalid-process.error.js';

const PLACES = /\{([^{}]*)\}/g;

/** The ids of the inputs that a template such as `{region}-{year}` names, in their order. */
export function templateInputs(template: string): string[] {
  return [...template.matchAll(PLACES)].map(([, id]) => id);
}

/** A template with the values of inputs in the place of their ids: texts as they are, other values as JSON (RFC 8785). */
export function renderTemplate(template: string, inputs: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(PLACES, (_, id: string) => {
    const value = inputs[id];
    if (value === undefined) return '';
    return typeof value === 'string' ? value : (canonicalize(value) ?? '');
  });
}

/** Reports a template that names no input, an unknown one, or one that is a file. */
export function checkTemplate(
  template: string,
  { inputs }: ProcessDescription,
  path: string,
  faults: FaultCollector,
): void {
  const ids = templateInputs(template);
  if (ids.length === 0) {
    faults.add(path, 'names no input; write ids of inputs in braces, such as `{region}`, or leave it out.');
  }
  for (const id of ids) {
    if (!Object.hasOwn(inputs, id)) {
      faults.add(path, `names {${id}}, which is no input; the inputs are ${Object.keys(inputs).join(', ') || 'none'}.`);
    } else if (binaryAlternatives(inputs[id].schema).length > 0) {
      faults.add(path, `names {${id}}, which may be a file; name inputs that are values.`);
    }
  }
}
