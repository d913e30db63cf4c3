import type { BlockDocument, BlockTypeDocument } from '../client/block-documents.js';
import { nameOfSchema } from '../inputs/schema-shape.js';
import { table } from './table.js';

/** Types of blocks for people, one line each. */
export function blockTypeTable(types: readonly BlockTypeDocument[]): string {
  const rows = types.map(({ type, title, description }) => [type, description ?? title ?? '']);
  return table([['TYPE', 'DESCRIPTION'], ...rows]).join('\n');
}

/** One type for people: what its blocks hold. */
export function blockTypeText({ type, title, description, schema }: BlockTypeDocument): string {
  const required = new Set(schema?.required ?? []);
  const rows = Object.entries(schema?.properties ?? {}).map(([name, property]) => [
    name,
    nameOfSchema(property),
    [required.has(name) ? 'required' : '', property.writeOnly ? 'secret' : ''].filter(Boolean).join(', '),
    property.description ?? property.title ?? '',
  ]);
  const heading = [type, title ?? '', description ?? ''].filter(Boolean).join('\n');
  return [heading, '', ...table([['VALUE', 'TYPE', '', 'DESCRIPTION'], ...rows])].join('\n');
}

/** Blocks for people, one line each. */
export function blockTable(blocks: readonly BlockDocument[]): string {
  if (blocks.length === 0) return 'No blocks.';
  const rows = blocks.map(({ id, version, origin, updated }) => [
    id,
    String(version ?? ''),
    origin ?? '',
    updated ?? '',
  ]);
  return table([['BLOCK', 'VERSION', 'FROM', 'CHANGED'], ...rows]).join('\n');
}

/** One block for people. */
export function blockText({ id, version, origin, updated, values }: BlockDocument): string {
  const facts = [`version ${version}`, `from ${origin}`, `changed ${updated}`].join(', ');
  const rows = Object.entries(values).map(([name, value]) => [name, valueText(value)]);
  return [id, facts, '', ...table([['VALUE', ''], ...rows])].join('\n');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  const isSecret = typeof value === 'object' && value !== null && '$secret' in value;
  return isSecret ? '(a secret)' : JSON.stringify(value);
}
