declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  interface RollingFileOptions {
    file: string;
    size?: string;
    mkdir?: boolean;
    sync?: boolean;
    limit?: { count: number; removeOtherLogFiles?: boolean };
  }

  /** The part of the stream that the service uses. */
  interface RollingFile extends EventEmitter {
    write(line: string): boolean;
    end(): void;
  }

  export default function build(options: RollingFileOptions): Promise<RollingFile>;
}
