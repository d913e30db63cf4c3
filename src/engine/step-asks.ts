import { storableText } from '../database/storable-text.js';
import type { ProcessFault } from '../flows/process-fault.js';
import type {
  Artifact,
  InputRequest,
  StepEnd,
  StepJournal,
  StepReceipt,
  StepStart,
  StepVerdict,
} from '../flows/step-journal.js';

/** A call of the journal as data: what an executor asks the service for. */
export type StepAsk =
  | { readonly call: 'begin'; readonly step: StepStart }
  | { readonly call: 'end'; readonly end: StepEnd }
  | { readonly call: 'keep'; readonly artifact: Artifact };

/** What comes back of a {@link StepAsk}: nothing for `keep`, and an error in words when the journal failed. */
export type StepAnswer = { readonly value?: StepVerdict | StepReceipt } | { readonly error: string };

/** UTF-16 code units of a text for people, of those that a step carries. */
export const LONGEST_STEP_TEXT = 8_000;

/** Carries out what is asked. */
export async function askJournal(journal: StepJournal, ask: StepAsk): Promise<StepVerdict | StepReceipt | undefined> {
  switch (ask.call) {
    case 'begin':
      return await journal.begin(ask.step);
    case 'end':
      return await journal.end(ask.end);
    case 'keep':
      await journal.keep(ask.artifact);
      return undefined;
  }
}

/**
 * The same ask with texts that a column takes: code may throw errors whose message holds anything. Keys are left as
 * they are, since two that differ must not become one.
 */
export function storableAsk(ask: StepAsk): StepAsk {
  switch (ask.call) {
    case 'begin':
      return { ...ask, step: withStorableRequest(ask.step) };
    case 'end':
      return { ...ask, end: storableEnd(ask.end) };
    case 'keep':
      return { ...ask, artifact: { ...ask.artifact, ...storableMember('description', ask.artifact.description) } };
  }
}

/** {@link storableAsk}, of the end of an attempt. */
export function storableEnd(end: StepEnd): StepEnd {
  switch (end.end) {
    case 'completed':
      return { ...end, ...storableMember('message', end.message) };
    case 'failed':
    case 'retry':
      return { ...end, fault: storableFault(end.fault) };
    case 'paused':
      return withStorableRequest(end);
  }
}

function storableFault({ name, message, input }: ProcessFault): ProcessFault {
  return {
    name: storable(name),
    message: storable(message),
    ...storableMember('input', input),
  };
}

function withStorableRequest<Holder extends { readonly request?: InputRequest }>(holder: Holder): Holder {
  if (holder.request === undefined) return holder;
  return { ...holder, request: { ...holder.request, ...storableMember('message', holder.request.message) } };
}

function storableMember<Name extends string>(name: Name, text: string | undefined): { readonly [N in Name]?: string } {
  return (text === undefined ? {} : { [name]: storable(text) }) as { readonly [N in Name]?: string };
}

// Code in JavaScript may put anything where a text is expected.
function storable(text: unknown): string {
  return storableText(String(text), LONGEST_STEP_TEXT);
}
