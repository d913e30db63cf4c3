import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DrawnGraph } from '../../flows/graph/drawn-graph.js';
import { toDot } from '../../flows/graph/dot.js';
import { toMermaid } from '../../flows/graph/mermaid.js';
import { toSvg } from '../../flows/graph/svg.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';

const FORMATS = [MediaType.json, MediaType.svg, MediaType.mermaid, MediaType.graphviz] as const;

/** A media type in which graphs are there. */
export type GraphFormat = (typeof FORMATS)[number];

const RENDERERS: Record<Exclude<GraphFormat, 'application/json'>, (graph: DrawnGraph, title: string) => string> = {
  [MediaType.svg]: toSvg,
  [MediaType.mermaid]: toMermaid,
  [MediaType.graphviz]: toDot,
};

/** Media types of the pictures, for links. */
export const PICTURES = [MediaType.svg, MediaType.mermaid, MediaType.graphviz] as const;

/** The short names of {@link PICTURES}. */
export const PICTURE_NAMES = { [MediaType.svg]: 'svg', [MediaType.mermaid]: 'mermaid', [MediaType.graphviz]: 'dot' };

/** @throws DomainError `not-acceptable`, `invalid-query-parameter` */
export function chooseGraphFormat(request: FastifyRequest): GraphFormat {
  return chooseRepresentation(request, FORMATS);
}

/** Answers with a graph. @param document what is sent as JSON */
export async function sendGraph(
  reply: FastifyReply,
  format: GraphFormat,
  graph: DrawnGraph,
  title: string,
  document: object,
): Promise<void> {
  reply.header('vary', 'accept');
  if (format === MediaType.json) return void (await reply.send(document));
  // A picture shows names that authors and clients chose, and may be opened as a page of its own.
  if (format === MediaType.svg) {
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  }
  const text = RENDERERS[format](graph, title);
  await reply.type(format === MediaType.svg ? format : `${format}; charset=utf-8`).send(text);
}
