import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

/** bytes */
const SINGLE_COPY = 5 * 1024 ** 3;
const LEAST_PART = 5 * 1024 ** 2;
const MOST_PARTS = 1_000;

interface Copy {
  readonly bucket: string;
  readonly from: string;
  readonly to: string;
  readonly size: number;
  readonly mediaType?: string;
}

/** Copies an object within its bucket, in parts where it is larger than `inPartsAbove` bytes. */
export async function copyObject(client: S3Client, copy: Copy, inPartsAbove = SINGLE_COPY): Promise<void> {
  const source = [copy.bucket, ...copy.from.split('/')].map(encodeURIComponent).join('/');
  if (copy.size > inPartsAbove) return await copyInParts(client, copy, source);
  await client.send(new CopyObjectCommand({ Bucket: copy.bucket, Key: copy.to, CopySource: source }));
}

async function copyInParts(client: S3Client, copy: Copy, source: string): Promise<void> {
  const target = { Bucket: copy.bucket, Key: copy.to };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType: copy.mediaType }));
  try {
    const partSize = Math.max(LEAST_PART, Math.ceil(copy.size / MOST_PARTS));
    const parts: { PartNumber: number; ETag?: string }[] = [];
    for (let start = 0; start < copy.size; start += partSize) {
      const PartNumber = parts.length + 1;
      const CopySourceRange = `bytes=${start}-${Math.min(start + partSize, copy.size) - 1}`;
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({ ...target, UploadId, PartNumber, CopySource: source, CopySourceRange }),
      );
      parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw error;
  }
}
