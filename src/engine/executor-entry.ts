import { Injectable } from '@nestjs/common';
import { fileURLToPath } from 'node:url';

/** Where the program of an executor lies. Bound anew by a service that brings its own. */
@Injectable()
export class ExecutorEntry {
  /** Absolute path of compiled JavaScript: a child has no TypeScript loader, so sources point to the build. */
  readonly path: string = fileURLToPath(
    new URL(
      import.meta.url.endsWith('.ts') ? '../../dist/src/engine/executor-main.js' : './executor-main.js',
      import.meta.url,
    ),
  );
}
