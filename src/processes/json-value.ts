import type { Violation } from '../ogc/problems/domain-error.js';
import { pointerPart } from '../ogc/json-pointer.js';

const DEEPEST = 500;

/**
 * Copies a value that a process returned into plain JSON. Dates become ISO 8601 strings, `toJSON` is honoured and
 * members that are `undefined` are left out, as `JSON.stringify` does. What `JSON.stringify` would lose in silence
 * (NaN, functions, maps, holes in arrays) or choke on (BigInt, cycles) is a violation, so that no result is wrong
 * without a word.
 *
 * @param pointer where the value stands, for the violations
 * @param violations receives one entry per fault
 */
export function toJsonValue(value: unknown, pointer: string, violations: Violation[]): unknown {
  // Most results are a text or a truth, which need no copy.
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return new JsonCopy(violations).copy(value, pointer);
}

class JsonCopy {
  /** The objects between the root and the value being copied; meeting one again is a cycle. */
  private readonly path = new Set<object>();

  constructor(private readonly violations: Violation[]) {}

  copy(value: unknown, pointer: string): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : this.fault(pointer, `is ${value}, which JSON cannot hold`);
      case 'bigint':
        return this.fault(pointer, 'is a BigInt, which JSON cannot hold; return a number or a string');
      case 'undefined':
      case 'function':
      case 'symbol':
        return this.fault(
          pointer,
          `is ${typeof value === 'undefined' ? '' : 'a '}${typeof value}, which JSON cannot hold`,
        );
      case 'object':
        return value === null ? null : this.copyObject(value, pointer);
    }
  }

  private copyObject(value: object, pointer: string): unknown {
    if (this.path.has(value)) return this.fault(pointer, 'contains itself');
    if (this.path.size >= DEEPEST) return this.fault(pointer, `is nested deeper than ${DEEPEST} levels`);
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? this.fault(pointer, 'is an invalid date') : value.toISOString();
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return this.fault(pointer, 'is binary; write bytes with context.outputs.write(), or return numbers as an array');
    }
    if (value instanceof Map || value instanceof Set || value instanceof Promise) {
      return this.fault(pointer, `is a ${value.constructor.name}, which JSON cannot hold`);
    }
    this.path.add(value);
    try {
      if ('toJSON' in value && typeof value.toJSON === 'function') {
        return this.copy((value.toJSON as () => unknown)(), pointer);
      }
      return Array.isArray(value) ? this.copyArray(value, pointer) : this.copyMembers(value, pointer);
    } finally {
      this.path.delete(value);
    }
  }

  private copyArray(values: unknown[], pointer: string): unknown[] {
    return Array.from(values, (value, index) => this.copy(value, `${pointer}/${index}`));
  }

  private copyMembers(value: object, pointer: string): object {
    const members: [string, unknown][] = [];
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) members.push([key, this.copy(member, `${pointer}/${pointerPart(key)}`)]);
    }
    // fromEntries defines own members, so a key named __proto__ stays a key.
    return Object.fromEntries(members);
  }

  private fault(pointer: string, detail: string): undefined {
    this.violations.push({ pointer, detail });
    return undefined;
  }
}
