const BUCKET_URL = /^s3:\/\/([^/]+)\/(.*)$/is;

/**
 * @param url as RFC 3986 has it: capitals make no difference in its scheme and its host, which is the bucket
 * @returns the key of what `s3://bucket/prefix/key` names, seen from the prefix; nothing when that lies elsewhere
 */
export function keyInBucket(url: string, bucket: string, prefix = ''): string | undefined {
  const [, host, path] = BUCKET_URL.exec(url) ?? [];
  if (host?.toLowerCase() !== bucket.toLowerCase()) return undefined;
  const below = prefix.replace(/^\/+|\/+$/g, '');
  const start = below === '' ? '' : `${below}/`;
  return path.startsWith(start) ? path.slice(start.length) : undefined;
}
