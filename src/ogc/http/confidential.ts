/**
 * The mark of routes whose bodies hold secrets: problems repeat nothing of a body, and scripts of other origins are
 * answered as if there were no CORS. `cors` is read by `@fastify/cors`.
 */
export const CONFIDENTIAL_ROUTE = { confidential: true, cors: { origin: false } } as const;

/** Whether the configuration of a route says that its bodies hold secrets. */
export function isConfidential(config: object | undefined): boolean {
  return config !== undefined && 'confidential' in config;
}
