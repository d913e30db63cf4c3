import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { silenceAwsVersionWarning } from '../../src/config/aws-environment.js';
import { eventually, freePort } from './backends.js';
import { answers } from './s3rver.js';
import { temporaryDirectory } from './temporary-directory.js';

const PYTHON = '/usr/bin/python3';
const BACKENDS = ['account', 'container', 'object'] as const;

export function hasSwift(): boolean {
  try {
    for (const name of ['proxy', ...BACKENDS]) execFileSync('test', ['-x', `/usr/bin/swift-${name}-server`]);
    return true;
  } catch {
    return false;
  }
}

/**
 * OpenStack Swift with its S3 interface, of a test's own: one replica in a temporary directory, which must lie in a file
 * system with extended attributes. It checks signatures, as its account `test:tester` makes them.
 */
export class Swift {
  readonly credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };

  private constructor(
    readonly endpoint: string,
    private readonly children: readonly ReturnType<typeof spawn>[],
    private readonly place: ReturnType<typeof temporaryDirectory>,
  ) {}

  static async start(bucket: string): Promise<Swift> {
    const place = temporaryDirectory('swift');
    mkdirSync(join(place.path, 'devices/d1'), { recursive: true });
    // Swift looks for its secret in this file, and for its rings beside it.
    const etc = join(place.path, 'etc');
    mkdirSync(etc);
    writeFileSync(
      join(etc, 'swift.conf'),
      '[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n',
    );
    const children: ReturnType<typeof spawn>[] = [];
    const ports: number[] = [];
    const launch = async (name: string, port: number, configuration: string) => {
      const file = join(etc, `${name}.conf`);
      writeFileSync(file, configuration);
      children.push(spawn(PYTHON, ['-c', LAUNCHER, etc, name, file], { stdio: ['ignore', 'ignore', 'inherit'] }));
      ports.push(port);
      await Promise.resolve();
    };
    for (const name of BACKENDS) {
      const port = await freePort();
      makeRing(etc, name, port);
      await launch(name, port, backendConfiguration(name, port, place.path, etc));
    }
    const port = await freePort();
    await launch('proxy', port, proxyConfiguration(port, etc));
    for (const each of ports) await eventually(() => answers(each), 'Swift listens');
    const swift = new Swift(`http://127.0.0.1:${port}`, children, place);
    await swift.makeBucket(bucket);
    return swift;
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    this.place.remove();
  }

  private async makeBucket(bucket: string): Promise<void> {
    silenceAwsVersionWarning();
    const { endpoint, credentials } = this;
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
  }
}

/** Runs one server in this very process (`workers = 0`), so that killing it leaves nothing behind. */
const LAUNCHER = `
import sys
from swift.common import utils
etc, name, conf = sys.argv[1:]
utils.SWIFT_CONF_FILE = etc + '/swift.conf'
utils.validate_hash_conf()
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(conf, name + '-server', **({'global_conf_callback': __import__('swift.obj.server', fromlist=['x']).global_conf_callback} if name == 'object' else {})))
`;

function makeRing(etc: string, name: string, port: number): void {
  const builder = join(etc, `${name}.builder`);
  const ring = (...args: string[]) => execFileSync('swift-ring-builder', [builder, ...args], { stdio: 'ignore' });
  ring('create', '4', '1', '0');
  ring(
    'add',
    '--region',
    '1',
    '--zone',
    '1',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--device',
    'd1',
    '--weight',
    '1',
  );
  try {
    ring('rebalance');
  } catch (error) {
    // 1: a warning, here about too few devices
    if ((error as { status?: number }).status !== 1) throw error;
  }
}

function common(port: number, etc: string): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
swift_dir = ${etc}
user = ${userInfo().username}
log_level = ERROR
log_address = /nonexistent
`;
}

function backendConfiguration(name: string, port: number, directory: string, etc: string): string {
  return `${common(port, etc)}devices = ${join(directory, 'devices')}
mount_check = false
fallocate_reserve = 0
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
`;
}

function proxyConfiguration(port: number, etc: string): string {
  return `${common(port, etc)}
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
`;
}
