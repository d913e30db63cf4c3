import type { Link, ProcessDescription } from '../process-description.js';

/** `processSummary.yaml` */
export type ProcessSummary = Omit<ProcessDescription, 'inputs' | 'outputs' | 'links'> & { links: Link[] };

/** `processList.yaml` */
export interface ProcessList {
  processes: ProcessSummary[];
  links: Link[];
}

/** The description without inputs and outputs, as the list of processes shows it. */
export function toProcessSummary(description: ProcessDescription, links: Link[]): ProcessSummary {
  const { inputs: _inputs, outputs: _outputs, links: own, ...summary } = description;
  return { ...summary, links: [...links, ...(own ?? [])] };
}

/** The whole description, with the links that depend on the request before those of the author. */
export function toProcessDescription(description: ProcessDescription, links: Link[]): ProcessDescription {
  return { ...description, links: [...links, ...(description.links ?? [])] };
}
