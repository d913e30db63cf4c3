import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { GuardedFetch } from '../outgoing/guarded-fetch.js';
import { OutgoingError, type OutgoingFault } from '../outgoing/outgoing-error.js';
import type { AttemptRecord, CallContent } from './call-source.js';
import { signedHeaders } from './signed-headers.js';

/** An answer needs no body; a receiver that sends one may send this much. Bytes. */
const MOST_ANSWERED = 65_536;

/** An attempt, with what decides whether another one makes sense. */
export interface AttemptOutcome extends AttemptRecord {
  readonly delivered: boolean;
  readonly fault?: OutgoingFault;
}

/** Makes one attempt of a call: a signed POST of a JSON document to a URL that a client gave. */
@Injectable()
export class CallAttempt {
  constructor(
    private readonly outgoing: GuardedFetch,
    private readonly settings: Settings,
  ) {}

  /** @throws the reason of `signal` when that was aborted */
  async make(uri: string, eventId: string, content: CallContent, signal?: AbortSignal): Promise<AttemptOutcome> {
    const { headers, body, secret } = content;
    try {
      const { status, body: answer } = await this.outgoing.fetch(uri, {
        method: 'POST',
        headers: { ...headers, ...signedHeaders(eventId, body, Date.now(), secret) },
        body,
        timeout: this.settings.CALLBACK_TIMEOUT,
        maxBytes: MOST_ANSWERED,
        signal,
      });
      answer.on('error', () => undefined).destroy();
      if (status >= 200 && status < 300) return { delivered: true, status };
      return { delivered: false, status, reason: `The subscriber answered with ${status}.` };
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return { delivered: false, reason: `The URL ${error.message}.`, fault: error.fault };
    }
  }
}
