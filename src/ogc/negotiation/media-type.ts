/** The media types this service names in responses, links and the OpenAPI document. */
export const MediaType = {
  json: 'application/json',
  problem: 'application/problem+json',
  openApi30: 'application/vnd.oai.openapi+json;version=3.0',
  openApi31: 'application/vnd.oai.openapi+json;version=3.1',
  html: 'text/html',
  text: 'text/plain',
  eventStream: 'text/event-stream',
} as const;
