import type { Violation } from '../ogc/problems/domain-error.js';
import type { ArtifactOptions, JobArtifacts } from '../processes/job-context.js';
import { toJsonValue } from '../processes/json-value.js';
import type { StepHost } from './step-host.js';
import type { Artifact } from './step-journal.js';

/** `context.artifact` */
export function artifacts(session: StepHost): JobArtifacts {
  const keep = async (key: string, type: Artifact['type'], given: unknown, { description }: ArtifactOptions = {}) => {
    const violations: Violation[] = [];
    const data = toJsonValue(given, '', violations);
    if (violations.length > 0) {
      const [{ pointer, detail }] = violations;
      throw new TypeError(`The artifact "${key}" ${pointer && `(${pointer}) `}${detail}.`);
    }
    const step = session.stepFrame()?.step?.key;
    await session.options.journal.keep({
      key,
      type,
      data,
      ...(description !== undefined && { description }),
      ...(step !== undefined && { step }),
    });
  };
  const address = (href: string, title?: string) => ({ href, ...(title !== undefined && { title }) });
  return {
    table: (key, rows, options) => keep(key, 'table', rows, options),
    markdown: (key, text, options) => keep(key, 'markdown', text, options),
    link: (key, href, options) => keep(key, 'link', address(href, options?.title), options),
    image: (key, href, options) => keep(key, 'image', address(href, options?.title), options),
    progress: (key, percent, options) => keep(key, 'progress', Math.min(100, Math.max(0, percent)), options),
  };
}
