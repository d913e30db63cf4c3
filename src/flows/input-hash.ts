import type { Violation } from '../ogc/problems/domain-error.js';
import { canonicalDigest } from '../processes/canonical-digest.js';
import { InputFile } from '../processes/input-file.js';
import { toJsonValue } from '../processes/json-value.js';

/** Stands in a digest for an object that is the same for the whole job, and hence says nothing. */
const CONTEXT = { $context: true };

/**
 * A digest of what a step is called with: the same for the same JSON, whatever the order of members (RFC 8785). A file
 * counts as its size and media type, the context as nothing.
 * @param isContext tells the context of the job, which may be passed along
 * @throws TypeError for an argument that JSON cannot hold
 */
export function inputHash(
  name: string,
  args: readonly unknown[],
  isContext: (value: unknown) => boolean = () => false,
): string {
  return canonicalDigest({ name, arguments: jsonArguments(name, args, isContext) });
}

/** The arguments of a step as JSON values. @throws TypeError for what JSON cannot hold */
export function jsonArguments(
  name: string,
  args: readonly unknown[],
  isContext: (value: unknown) => boolean = () => false,
): unknown[] {
  const violations: Violation[] = [];
  const values = args.map((argument, index) =>
    argument === undefined ? null : toJsonValue(standIn(argument, isContext), `/${index}`, violations),
  );
  if (violations.length > 0) {
    const [{ pointer, detail }] = violations;
    throw new TypeError(
      `The step "${name}" is called with something that cannot be remembered: argument ${pointer.slice(1)} ${detail}.`,
    );
  }
  // Optional arguments that are left out and those that are undefined are the same call.
  while (values.length > 0 && args[values.length - 1] === undefined) values.pop();
  return values;
}

function standIn(value: unknown, isContext: (value: unknown) => boolean): unknown {
  if (isContext(value)) return CONTEXT;
  if (isFile(value)) return { size: value.size, mediaType: value.mediaType };
  if (Array.isArray(value)) return value.map((item: unknown) => standIn(item, isContext));
  if (typeof value !== 'object' || value === null) return value;
  if (!Object.values(value).some((member) => isFile(member) || isContext(member) || hasFiles(member))) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, standIn(member, isContext)]));
}

function hasFiles(value: unknown): boolean {
  return Array.isArray(value) && value.some(isFile);
}

function isFile(value: unknown): value is InputFile {
  return value instanceof InputFile;
}

/** Whether an argument is a file, or has one in it. */
export function holdsFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isFile(value) || Object.values(value).some(holdsFile);
}
