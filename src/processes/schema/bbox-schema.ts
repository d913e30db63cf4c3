import type { OgcSchema } from '../process-description.js';

/** The corners of `bbox.yaml` (OGC 18-062r2): lower, then upper, with or without heights. */
export const BBOX_CORNERS = {
  type: 'array',
  items: { type: 'number' },
  oneOf: [
    { minItems: 4, maxItems: 4 },
    { minItems: 6, maxItems: 6 },
  ],
} satisfies OgcSchema;
