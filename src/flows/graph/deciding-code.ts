import { isTask } from '../../processes/decorators/task.decorator.js';

/** What code has in it that takes one way or another. `?.` is none: what is read of a placeholder is another one. */
const DECISION = /\b(?:if|switch|while|catch)\b|\?(?!\.)|&&|\|\|/;

/**
 * Whether the code of a flow between its steps decides anything. A placeholder does not notice that it is compared with
 * `===`, or that it is a condition; only the text of the code tells that there are any.
 */
export function decides(handler: object): boolean {
  let prototype = Reflect.getPrototypeOf(handler);
  for (; prototype !== null && prototype !== Object.prototype; prototype = Reflect.getPrototypeOf(prototype)) {
    const { constructor: _, ...methods } = Object.getOwnPropertyDescriptors(prototype);
    const code = Object.values(methods).map(({ value }: PropertyDescriptor): unknown => value);
    if (code.some((method) => typeof method === 'function' && !isTask(method) && DECISION.test(String(method)))) {
      return true;
    }
  }
  return false;
}
