import type { Violation } from '../ogc/problems/domain-error.js';
import type { ArtifactOptions, JobArtifacts } from '../processes/job-context.js';
import { toJsonValue } from '../processes/json-value.js';
import { artifactAddress } from './artifact-address.js';
import type { StepHost } from './step-host.js';
import type { Artifact } from './step-journal.js';

type ReferringOptions = ArtifactOptions & { title?: string };

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
  const refer = async (type: 'link' | 'image', key: string, href: string, options?: ReferringOptions) => {
    const title = options?.title;
    await keep(key, type, { href: artifactAddress(key, type, href), ...(title !== undefined && { title }) }, options);
  };
  return {
    table: (key, rows, options) => keep(key, 'table', rows, options),
    markdown: (key, text, options) => keep(key, 'markdown', text, options),
    link: (key, href, options) => refer('link', key, href, options),
    image: (key, href, options) => refer('image', key, href, options),
    progress: (key, percent, options) => keep(key, 'progress', Math.min(100, Math.max(0, percent)), options),
  };
}
