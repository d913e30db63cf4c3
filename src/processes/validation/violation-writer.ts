import { pointerPart } from '../../ogc/json-pointer.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Violation } from '../../ogc/problems/domain-error.js';
import type { JsonSchema } from './json-schema.js';
import { OGC_FORMAT_KEYWORD } from './json-schema.js';
import type { StructureFault } from './structure-fault.js';
import { formatWords, isImpossible, listWords, schemaWords, typeWords, valueWords } from './value-words.js';

/**
 * Writes what Ajv found as sentences with pointers. Of alternatives (`oneOf`, `anyOf`) only the branch that the value
 * was plainly meant for is reported, or one sentence that names the alternatives.
 *
 * @param errors found with `verbose: true`
 * @param pointer of the validated value, for instance `/inputs/area`
 */
export function toViolations(errors: readonly ErrorObject[], pointer: string): Violation[] {
  const written = withoutBranches(errors).flatMap((error) => write(error, pointer));
  const seen = new Set<string>();
  return written.filter(({ pointer: at, detail }) => {
    const key = `${at} ${detail}`;
    return !seen.has(key) && seen.add(key);
  });
}

function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf');
  // The schema path of an outer choice is shorter than those of the choices inside it.
  const outermost = choices.reduce<ErrorObject | undefined>(
    (best, error) => (!best || error.schemaPath.length < best.schemaPath.length ? error : best),
    undefined,
  );
  if (!outermost) return errors.filter(({ keyword }) => keyword !== 'if');
  const belongs = (error: ErrorObject) =>
    error.schemaPath.startsWith(`${outermost.schemaPath}/`) && isWithin(error.instancePath, outermost.instancePath);
  const inside = errors.filter(belongs);
  const outside = errors.filter((error) => error !== outermost && !belongs(error));
  return [...chooseBranch(outermost, inside), ...withoutBranches(outside)];
}

function chooseBranch(choice: ErrorObject, inside: ErrorObject[]): ErrorObject[] {
  const matching = (choice.params as { passingSchemas?: unknown }).passingSchemas;
  if (matching) return [choice];
  const branches = new Map<string, ErrorObject[]>();
  for (const error of inside) {
    const index = error.schemaPath.slice(choice.schemaPath.length + 1).split('/', 1)[0];
    branches.set(index, [...(branches.get(index) ?? []), error]);
  }
  const meant = [...branches.values()].filter((found) => !found.some((error) => rulesOut(error, choice.instancePath)));
  if (meant.length !== 1) return [choice];
  return withoutBranches(meant[0]);
}

/** A branch is ruled out when the value is of another kind, or a member of it with few allowed values says so. */
function rulesOut(error: ErrorObject, at: string): boolean {
  if (error.instancePath === at)
    return ['type', 'not', 'enum', 'const', 'false schema'].includes(error.keyword) || ofOtherKind(error);
  return error.keyword === 'enum' && error.instancePath.lastIndexOf('/') === at.length;
}

function ofOtherKind(error: ErrorObject): boolean {
  return error.keyword === OGC_FORMAT_KEYWORD && faultsOf(error).some(({ path }) => path === '' || path === '/type');
}

function faultsOf(error: ErrorObject): StructureFault[] {
  return (error.params as { faults: StructureFault[] }).faults;
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}

function write(error: ErrorObject, base: string): Violation[] {
  const pointer = base + error.instancePath;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case OGC_FORMAT_KEYWORD:
      return faultsOf(error).map(({ path, detail }) => ({ pointer: pointer + path, detail }));
    case 'required':
      return [
        { pointer: `${pointer}/${pointerPart(String(params.missingProperty))}`, detail: 'This member is required.' },
      ];
    case 'additionalProperties':
      return [
        {
          pointer: `${pointer}/${pointerPart(String(params.additionalProperty))}`,
          detail: `This member is not known here.${knownMembers(error.parentSchema)}`,
        },
      ];
    default:
      return [{ pointer, detail: `Expected ${expectation(error)}, got ${valueWords(error.data)}.` }];
  }
}

function knownMembers(schema: JsonSchema | undefined): string {
  const names = Object.keys((schema?.properties as object | undefined) ?? {});
  return names.length > 0 ? ` Known are ${names.slice(0, 20).join(', ')}.` : '';
}

function expectation(error: ErrorObject): string {
  const limit = Number((error.params as { limit?: unknown }).limit);
  const schema = error.schema;
  switch (error.keyword) {
    case 'type':
      return typeWords(schema);
    case 'enum':
      return listWords(schema as unknown[]);
    case 'format':
      return formatWords(schema);
    case 'pattern':
      return `text that matches ${String(schema)}`;
    case 'minimum':
      return `a number of at least ${limit}`;
    case 'maximum':
      return `a number of at most ${limit}`;
    case 'exclusiveMinimum':
      return `a number greater than ${limit}`;
    case 'exclusiveMaximum':
      return `a number less than ${limit}`;
    case 'multipleOf':
      return `a multiple of ${String(schema)}`;
    case 'minLength':
      return `at least ${count(limit, 'character')}`;
    case 'maxLength':
      return `at most ${count(limit, 'character')}`;
    case 'minItems':
      return `at least ${count(limit, 'item')}`;
    case 'maxItems':
      return `at most ${count(limit, 'item')}`;
    case 'uniqueItems':
      return 'items that all differ';
    case 'minProperties':
      return `at least ${count(limit, 'member')}`;
    case 'maxProperties':
      return `at most ${count(limit, 'member')}`;
    case 'oneOf':
    case 'anyOf':
      return choiceWords(error);
    case 'not':
      return notWords(error);
    default:
      return error.message ?? error.keyword;
  }
}

function choiceWords(error: ErrorObject): string {
  const passing = (error.params as { passingSchemas?: number[] }).passingSchemas;
  const branches = error.schema as JsonSchema[];
  if (passing) return `exactly one of the alternatives to fit (${passing.length} fit)`;
  return [...new Set(branches.map(schemaWords))].join(' or ');
}

function notWords(error: ErrorObject): string {
  if (isImpossible(error.parentSchema as JsonSchema)) return 'a file (base64 text or a reference)';
  const refused = error.schema as JsonSchema;
  if (Array.isArray(refused.enum) && refused.enum.length === 1 && refused.enum[0] === '')
    return 'text that is not empty';
  return `anything but ${schemaWords(refused)}`;
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
