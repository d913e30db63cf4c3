import { setTimeout as delay } from 'node:timers/promises';

/** How long a queue may take to answer. Milliseconds. */
const ANSWER_LIMIT = 2_000;

/** The queue did not answer in time; it is away, or comes back later. */
export class QueueSilentError extends Error {
  constructor() {
    super(`The queue did not answer within ${ANSWER_LIMIT / 1_000} s.`);
  }
}

/**
 * The answer of a queue, when it comes in time. A Redis that is away neither answers nor refuses: its commands wait
 * until it is back. What comes too late is ignored.
 * @throws QueueSilentError when there is no answer in time
 */
export async function answerOfQueue<T>(answer: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const silence = delay(ANSWER_LIMIT, undefined, { signal: settled.signal }).then(() => {
    throw new QueueSilentError();
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    settled.abort();
  }
}
