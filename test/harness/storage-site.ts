import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Settings } from '../../src/config/settings.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import type { Storage } from '../../src/storage/storage.js';
import { S3Proxy } from './s3-proxy.js';
import { S3rver } from './s3rver.js';

/** The bucket `results` of an S3 server of its own, behind a proxy, and a file of blocks that names it `s3/results`. */
export class StorageSite {
  private constructor(
    private readonly server: S3rver,
    readonly proxy: S3Proxy,
    /** The bucket itself, whatever the proxy does. */
    readonly bucket: Storage,
    /** For nodes that keep the files of jobs in it. */
    readonly settings: Record<string, string>,
  ) {}

  /**
   * @param blocksFile where the blocks are written down
   * @param further blocks; those of S3 and remote file systems lie on the same server
   */
  static async open(blocksFile: string, further: Record<string, object> = {}): Promise<StorageSite> {
    const server = await S3rver.start('results');
    const proxy = await S3Proxy.before(server.endpoint);
    const credentials = { $block: 'aws-credentials/results' };
    const bucket = { bucket: 'results', endpoint: proxy.endpoint, credentials };
    const { accessKeyId: key, secretAccessKey: secret } = server.credentials;
    const common: Record<string, object> = {
      s3: bucket,
      'remote-file-system': { settings: { endpoint: proxy.endpoint, key, secret } },
    };
    const others = Object.entries(further).map(([ref, values]) => [ref, { ...common[ref.split('/')[0]], ...values }]);
    const blocks = {
      'aws-credentials/results': server.credentials,
      's3/results': bucket,
      ...(Object.fromEntries(others) as object),
    };
    writeFileSync(blocksFile, JSON.stringify(blocks));
    const addresses = new StorageAddressPolicy(Settings.parse({ ALLOW_PRIVATE_STORAGE: 'true' }));
    const options = { bucket: 'results', endpoint: server.endpoint, credentials: server.credentials };
    return new StorageSite(server, proxy, new S3Storage(options, addresses), {
      BLOCKS_FILE: blocksFile,
      STORAGE: 's3/results',
      ALLOW_PRIVATE_STORAGE: 'true',
      PROCESS_MODULES: resolve('test/fixtures/storage-processes.mjs'),
    });
  }

  /** Keys below a prefix. */
  async keys(prefix = 'jobs/'): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.bucket.list(prefix)) keys.push(key);
    return keys;
  }

  async close(): Promise<void> {
    await this.bucket.close();
    await this.proxy.stop();
    await this.server.stop();
  }
}
