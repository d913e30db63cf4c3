import type { Violation } from '../ogc/problems/domain-error.js';
import { jsonPointer } from '../ogc/json-pointer.js';

/** What each block refers to, by name. */
export type BlockGraph = ReadonlyMap<string, { readonly refs: readonly string[] }>;

/**
 * Checks the references of a block that is about to be written.
 * @param targets names of blocks by property
 * @param graph all blocks; an earlier version of the written one does not count
 * @returns a violation for each reference to a block that is not there, or that leads back to this one
 */
export function checkReferences(ref: string, targets: ReadonlyMap<string, string>, graph: BlockGraph): Violation[] {
  return [...targets].flatMap(([property, target]) => {
    const pointer = jsonPointer('values', property, '$block');
    if (target === ref) return [{ pointer, detail: 'The block refers to itself.' }];
    if (!graph.has(target)) return [{ pointer, detail: `There is no block ${target}.` }];
    const way = wayBack(target, ref, graph, new Set());
    if (way === undefined) return [];
    return [{ pointer, detail: `The references would make a ring: ${[ref, ...way].join(' -> ')}.` }];
  });
}

/** The blocks that refer to one, sorted. */
export function referrers(ref: string, graph: BlockGraph): string[] {
  return [...graph]
    .filter(([name, { refs }]) => name !== ref && refs.includes(ref))
    .map(([name]) => name)
    .sort();
}

function wayBack(from: string, to: string, graph: BlockGraph, seen: Set<string>): string[] | undefined {
  if (from === to) return [from];
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const next of graph.get(from)?.refs ?? []) {
    const way = wayBack(next, to, graph, seen);
    if (way !== undefined) return [from, ...way];
  }
  return undefined;
}
