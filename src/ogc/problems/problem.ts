import type { DomainError, Violation } from './domain-error.js';
import { PROBLEM_CATALOG, type ProblemCode } from './problem-catalog.js';

/** A problem document (RFC 9457; OGC 18-062r2 exception.yaml). Members without a value are left out. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Names this occurrence; the service log carries the same id. */
  readonly instance?: string;
  /** The job on record that this is about. */
  readonly jobID?: string;
  /** Every violation found in the request. */
  readonly errors?: readonly Violation[];
}

/** A fault in the words of the catalog: what a `DomainError` carries, and what a failed job stores. */
export interface Fault {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly Violation[];
  /** The job on record that has it. */
  readonly jobId?: string;
}

/**
 * Builds the problem document of a fault, by the catalog.
 * @param instance URI of this occurrence, where there is one
 */
export function problemOf(fault: Fault, instance?: string): Problem {
  const { status, type, title } = PROBLEM_CATALOG[fault.code];
  return {
    type,
    title,
    status,
    detail: fault.detail,
    ...(instance !== undefined && { instance }),
    ...(fault.jobId !== undefined && { jobID: fault.jobId }),
    ...(fault.errors && fault.errors.length > 0 && { errors: fault.errors }),
  };
}

/** The problem document of a domain error; see {@link problemOf}. */
export function problemOfError(error: DomainError, instance?: string): Problem {
  return problemOf({ code: error.code, detail: error.message, errors: error.errors, jobId: error.jobId }, instance);
}
