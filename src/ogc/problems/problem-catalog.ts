const OGC = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0';

/** Codes that no standard names get a URI of our own, relative to the OGC base so that clients may compare suffixes. */
const OURS = 'https://sluice.dev/problems';

/**
 * The one table from domain error code to problem document (RFC 9457). The filter, the OpenAPI document and the
 * documentation read it. `type` URIs are the standard's where OGC 18-062r2 or the 2.0 draft names one.
 */
export const PROBLEM_CATALOG = {
  'no-such-process': { status: 404, type: `${OGC}/no-such-process`, title: 'No such process' },
  'no-such-job': { status: 404, type: `${OGC}/no-such-job`, title: 'No such job' },
  'no-such-output': { status: 400, type: `${OGC}/no-such-output`, title: 'No such output' },
  'output-not-requested': { status: 404, type: `${OGC}/result-not-available`, title: 'The output was not requested' },
  'result-not-ready': { status: 404, type: `${OGC}/result-not-ready`, title: 'The result is not ready' },
  'result-not-available': { status: 404, type: `${OGC}/result-not-available`, title: 'The result is not available' },
  'invalid-parameter': { status: 400, type: `${OGC}/InvalidParameterValue`, title: 'Invalid parameter value' },
  'invalid-query-parameter': {
    status: 400,
    type: `${OGC}/invalid-query-parameter-value`,
    title: 'Invalid query parameter value',
  },
  'malformed-body': { status: 400, type: `${OURS}/malformed-body`, title: 'The request body cannot be read' },
  'reference-unavailable': {
    status: 400,
    type: `${OURS}/reference-unavailable`,
    title: 'A referenced input cannot be fetched',
  },
  'job-failed': { status: 500, type: `${OURS}/job-failed`, title: 'The execution failed' },
  'job-dismissed': { status: 404, type: `${OGC}/result-not-available`, title: 'The job was dismissed' },
  'job-has-ended': { status: 409, type: `${OURS}/job-has-ended`, title: 'The job has ended' },
  'job-not-waiting': { status: 409, type: `${OURS}/job-not-waiting`, title: 'The job does not wait for this' },
  'job-not-ended': { status: 409, type: `${OURS}/job-not-ended`, title: 'The job has not ended' },
  'job-not-failed': { status: 409, type: `${OURS}/job-not-failed`, title: 'The job did not fail' },
  'no-such-task': { status: 404, type: `${OURS}/no-such-task`, title: 'No such step' },
  'no-such-subscription': { status: 404, type: `${OURS}/no-such-subscription`, title: 'No such subscription' },
  'too-many-subscriptions': {
    status: 409,
    type: `${OURS}/too-many-subscriptions`,
    title: 'There are too many subscriptions',
  },
  'no-such-block-type': { status: 404, type: `${OURS}/no-such-block-type`, title: 'No such type of block' },
  'no-such-block': { status: 404, type: `${OURS}/no-such-block`, title: 'No such block' },
  'block-name-taken': { status: 409, type: `${OURS}/block-name-taken`, title: 'The name of the block is taken' },
  'block-is-read-only': { status: 409, type: `${OURS}/block-is-read-only`, title: 'The block cannot be changed here' },
  'block-in-use': { status: 409, type: `${OURS}/block-in-use`, title: 'The block is in use' },
  'block-unusable': { status: 409, type: `${OURS}/block-unusable`, title: 'The block cannot be used' },
  'too-many-blocks': { status: 409, type: `${OURS}/too-many-blocks`, title: 'There are too many blocks' },
  'precondition-failed': {
    status: 412,
    type: `${OURS}/precondition-failed`,
    title: 'The resource is not as the request expects it',
  },
  'no-such-upload': { status: 404, type: `${OURS}/no-such-upload`, title: 'No such upload' },
  'upload-incomplete': { status: 409, type: `${OURS}/upload-incomplete`, title: 'The upload is not complete' },
  'upload-conflict': { status: 409, type: `${OURS}/upload-conflict`, title: 'The upload is elsewhere' },
  'too-many-uploads': { status: 409, type: `${OURS}/too-many-uploads`, title: 'There are too many uploads' },
  'tus-version': { status: 412, type: `${OURS}/tus-version`, title: 'The version of tus is not supported' },
  'process-failed': { status: 500, type: `${OURS}/process-failed`, title: 'The process failed' },
  'process-rejected': { status: 400, type: `${OGC}/InvalidParameterValue`, title: 'The process rejected its inputs' },
  'invalid-output': { status: 500, type: `${OURS}/invalid-output`, title: 'The process returned an invalid output' },
  'non-determinism': { status: 500, type: `${OURS}/non-determinism`, title: 'The flow took another way than before' },
  'timed-out': { status: 500, type: `${OURS}/timed-out`, title: 'The execution took too long' },
  crashed: { status: 500, type: `${OURS}/crashed`, title: 'The executor of the job died' },
  'not-found': { status: 404, type: `${OURS}/not-found`, title: 'Not found' },
  'method-not-allowed': { status: 405, type: `${OURS}/method-not-allowed`, title: 'Method not allowed' },
  'not-acceptable': { status: 406, type: `${OURS}/not-acceptable`, title: 'Not acceptable' },
  'body-too-large': { status: 413, type: `${OURS}/body-too-large`, title: 'The request body is too large' },
  'unsupported-media-type': {
    status: 415,
    type: `${OURS}/unsupported-media-type`,
    title: 'Unsupported media type',
  },
  'range-not-satisfiable': {
    status: 416,
    type: `${OURS}/range-not-satisfiable`,
    title: 'The range lies outside the output',
  },
  'idempotency-key-reused': {
    status: 422,
    type: `${OURS}/idempotency-key-reused`,
    title: 'The idempotency key belongs to another request',
  },
  'header-too-large': { status: 431, type: `${OURS}/header-too-large`, title: 'The request header is too large' },
  'uri-too-long': { status: 414, type: `${OURS}/uri-too-long`, title: 'The request URI is too long' },
  'request-timeout': { status: 408, type: `${OURS}/request-timeout`, title: 'The request took too long to arrive' },
  'bad-request': { status: 400, type: `${OURS}/bad-request`, title: 'Bad request' },
  'too-busy': { status: 503, type: `${OURS}/too-busy`, title: 'The service is busy' },
  'database-unavailable': {
    status: 503,
    type: `${OURS}/database-unavailable`,
    title: 'The database is not reachable',
  },
  'shutting-down': { status: 503, type: `${OURS}/shutting-down`, title: 'The service is shutting down' },
  'storage-unavailable': {
    status: 503,
    type: `${OURS}/storage-unavailable`,
    title: 'The storage of the files cannot be used',
  },
  'results-expired': { status: 410, type: `${OURS}/results-expired`, title: 'The results were removed' },
  'link-expired': { status: 410, type: `${OURS}/link-expired`, title: 'The link has expired' },
  'link-forged': { status: 403, type: `${OURS}/link-forged`, title: 'The link is not signed by this service' },
  internal: { status: 500, type: `${OURS}/internal`, title: 'Internal error' },
} as const satisfies Record<string, { status: number; type: string; title: string }>;

/** A stable name of something that can go wrong, from {@link PROBLEM_CATALOG}. */
export type ProblemCode = keyof typeof PROBLEM_CATALOG;
