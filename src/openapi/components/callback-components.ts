import { MediaType } from '../../ogc/media-type.js';
import { schemaRef } from './schema-ref.js';

const header = (name: string, description: string, required: boolean) => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
});

const PARAMETERS = [
  header('Sluice-Event-Id', 'The same for every attempt of one call', true),
  header('Sluice-Callback', 'Which of the three URIs this call is for', true),
  header('Sluice-Timestamp', 'Seconds since 1970', true),
  header('Sluice-Signature', 'v1= and the HMAC-SHA256 of timestamp, full stop and body; when a secret is set', false),
];

function callback(operationId: string, uri: string, summary: string, body: string): object {
  return {
    [`{$request.body#/subscriber/${uri}}`]: {
      post: {
        operationId,
        summary,
        description: 'Made at least once. Any status but 2xx is a failed attempt, which is repeated later.',
        parameters: PARAMETERS,
        requestBody: { required: true, content: { [MediaType.json]: { schema: schemaRef(body) } } },
        responses: {
          '2XX': { description: 'The subscriber has taken note' },
          '4XX': { description: 'A failed attempt' },
        },
      },
    },
  };
}

/** What the service calls when a request names a subscriber (OGC 18-062r2 /req/callback/job-callback). */
export const CALLBACKS = {
  jobCompleted: callback('receiveResults', 'successUri', 'The job has succeeded; its results', 'results'),
  jobInProgress: callback(
    'receiveStart',
    'inProgressUri',
    'The job has started, or has made progress; its status',
    'statusInfo',
  ),
  jobFailed: callback('receiveFailure', 'failedUri', 'The job has failed; its status', 'statusInfo'),
};

/** The callbacks of an operation that executes with a body. */
export const CALLBACK_REFERENCES = Object.fromEntries(
  Object.keys(CALLBACKS).map((name) => [name, { $ref: `#/components/callbacks/${name}` }]),
);
