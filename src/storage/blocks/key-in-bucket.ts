/** @returns the key of what `s3://bucket/prefix/key` names, seen from the prefix; nothing when that lies elsewhere */
export function keyInBucket(url: string, bucket: string, prefix = ''): string | undefined {
  const below = prefix.replace(/^\/+|\/+$/g, '');
  const start = `s3://${bucket}/${below === '' ? '' : `${below}/`}`;
  return url.startsWith(start) ? url.slice(start.length) : undefined;
}
