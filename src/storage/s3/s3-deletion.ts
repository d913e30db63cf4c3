import { DeleteObjectCommand, DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { statusOf } from './s3-fault.js';

/** How many objects one request deletes at most. */
export const MOST_DELETED = 1_000;
const SINGLES_AT_ONCE = 8;
/** What services answer that know no such request, or want a checksum that the SDK no longer makes. */
const NOT_KNOWN = new Set([400, 405, 411, 501]);

/** Deletes objects, many with one request where the service knows how to. */
export class S3Deletion {
  private knowsMany = true;

  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  async deleteOne(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }));
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    if (this.knowsMany) {
      try {
        return await this.deleteAtOnce(keys);
      } catch (error) {
        if (!NOT_KNOWN.has(statusOf(error) ?? 0)) throw error;
        this.knowsMany = false;
      }
    }
    const limit = pLimit(SINGLES_AT_ONCE);
    await Promise.all(keys.map((key) => limit(() => this.deleteOne(key))));
  }

  private async deleteAtOnce(keys: readonly string[]): Promise<void> {
    const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
    const { Errors } = await this.client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete }));
    const failed = Errors?.find(({ Code }) => Code !== 'NoSuchKey');
    if (failed) throw Object.assign(new Error(failed.Message), { name: failed.Code });
  }
}
