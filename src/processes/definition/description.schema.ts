import { z } from 'zod';

const identifier = z
  .string()
  .max(128, 'must have at most 128 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]*$/,
    'must consist of letters, digits, `.`, `_`, `-` and `:`, beginning with a letter or digit, since it is part of URLs',
  );

const valueIdentifier = z
  .string()
  .max(128, 'must have at most 128 characters')
  .regex(
    /^[A-Za-z_][A-Za-z0-9._:-]*$/,
    'an id of an input or output consists of letters, digits, `.`, `_`, `-` and `:`, beginning with a letter or `_`; rename it',
  )
  .refine((id) => !(id in Object.prototype), 'is a name that every JavaScript object has; rename it');

const described = {
  title: z.string().optional(),
  description: z.string().optional(),
  keywords: z.array(z.string()).optional(),
  metadata: z
    .array(z.strictObject({ title: z.string().optional(), role: z.string().optional(), href: z.string().optional() }))
    .optional(),
};

const occurrences = z.number('must be a whole number').int('must be a whole number').min(0, 'must be at least 0');

const input = z.strictObject({
  ...described,
  schema: z.custom((value) => value !== undefined, 'is missing; say what the input holds'),
  minOccurs: occurrences.optional(),
  maxOccurs: z.union([occurrences.min(1, 'must be at least 1'), z.literal('unbounded')]).optional(),
});

const output = z.strictObject({
  ...described,
  schema: z.custom((value) => value !== undefined, 'is missing; say what the output holds'),
  optional: z.boolean().optional(),
});

const link = z.strictObject({
  href: z.string(),
  rel: z.string().optional(),
  type: z.string().optional(),
  hreflang: z.string().optional(),
  title: z.string().optional(),
});

/**
 * The structure of a description (OGC 18-062r2, `process.yaml`) as authors write it, in code or in a file. Schemas of
 * inputs and outputs are checked apart.
 */
export const descriptionSchema = z.strictObject({
  id: identifier,
  version: z.string('must be a string; in YAML put it in quotes, for instance "1.0.0"').min(1, 'must not be empty'),
  ...described,
  jobControlOptions: z
    .array(
      z.enum(
        ['sync-execute', 'async-execute', 'dismiss'],
        'is unknown; known are sync-execute, async-execute and dismiss',
      ),
    )
    .refine(
      (options) => options.some((option) => option !== 'dismiss'),
      'must contain sync-execute or async-execute, or the process cannot be executed',
    )
    .default(['sync-execute', 'async-execute', 'dismiss']),
  outputTransmission: z
    .array(z.enum(['value', 'reference'], 'is unknown; known are value and reference'))
    .min(1, 'must contain value or reference')
    .default(['value', 'reference']),
  inputs: z.record(valueIdentifier, input).default({}),
  outputs: z
    .record(valueIdentifier, output, 'is missing; a process has at least one output')
    .refine((outputs) => Object.keys(outputs).length > 0, 'is empty; a process has at least one output'),
  links: z.array(link).optional(),
});
