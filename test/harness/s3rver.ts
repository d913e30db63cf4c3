import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { connect } from 'node:net';
import { eventually, freePort } from './backends.js';
import { temporaryDirectory } from './temporary-directory.js';

/** An S3 server of a test's own that believes every signature. */
export class S3rver {
  readonly credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

  private constructor(
    readonly endpoint: string,
    private readonly child: ReturnType<typeof spawn>,
    private readonly place: ReturnType<typeof temporaryDirectory>,
  ) {}

  static async start(bucket: string): Promise<S3rver> {
    const port = await freePort();
    const place = temporaryDirectory('s3rver');
    const script = resolve('node_modules/s3rver/bin/s3rver.js');
    const options = ['--directory', place.path, '--address', '127.0.0.1', '--port', String(port), '--silent'];
    const child = spawn(process.execPath, [script, ...options, '--configure-bucket', bucket], { stdio: 'ignore' });
    await eventually(() => answers(port), 's3rver listens');
    return new S3rver(`http://127.0.0.1:${port}`, child, place);
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
    this.place.remove();
  }
}

/** Whether somebody accepts connections at a port. */
export async function answers(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
