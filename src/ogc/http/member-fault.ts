import type { z } from 'zod';

const KINDS: Readonly<Partial<Record<string, string>>> = {
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  array: 'a list',
  object: 'an object',
};
const UNITS: Readonly<Partial<Record<string, string>>> = { string: 'character', array: 'item' };

/**
 * What is wrong with a member of a small request body: goes on after its name, as the texts of our own rules do.
 * @returns nothing for other rules, which bring a text of their own
 */
export function memberFault(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      if (issue.input === undefined) return 'This member is required.';
      const kind = KINDS[issue.expected];
      return kind && `must be ${kind}`;
    }
    case 'too_small': {
      const unit = UNITS[issue.origin];
      return unit && `must have ${count(issue.minimum, unit)} at least`;
    }
    case 'too_big': {
      const unit = UNITS[issue.origin];
      return unit && `must have ${count(issue.maximum, unit)} at most`;
    }
    case 'unrecognized_keys':
      return 'is no member that is known here';
    default:
      return undefined;
  }
}

function count(number: number | bigint, unit: string): string {
  return `${number} ${unit}${Number(number) === 1 ? '' : 's'}`;
}
