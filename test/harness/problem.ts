import { expect } from '@jest/globals';

/** Base of the problem types that OGC 18-062r2 names. */
export const OGC_PROBLEM = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0';
/** Base of the problem types of this service. */
export const OWN_PROBLEM = 'https://sluice.dev/problems';

/** A problem document (RFC 9457), as far as tests look at it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Checks that a response is a problem document of this status and type, in its media type. @returns the document */
export async function expectProblem(response: Response, status: number, type: string): Promise<ProblemDocument> {
  const problem = (await response.json()) as ProblemDocument;
  expect(problem).toMatchObject({ status, type });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(problem.title).not.toBe('');
  expect(problem.detail).not.toBe('');
  return problem;
}

/** The places a problem document names, in a stable order. */
export function pointersOf({ errors = [] }: ProblemDocument): string[] {
  return errors.map(({ pointer }) => pointer).sort();
}
