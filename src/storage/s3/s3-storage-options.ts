/** Where and how an S3 service keeps the objects. */
export interface S3StorageOptions {
  readonly bucket: string;
  /** All keys lie below it; slashes around it do not count. */
  readonly prefix?: string;
  /** URL of the service; that of AWS for the region when absent */
  readonly endpoint?: string;
  /** default: what the environment says for AWS, `us-east-1` with an endpoint */
  readonly region?: string;
  /** `http://host/bucket/key` rather than `http://bucket.host/key`; default true with an endpoint */
  readonly forcePathStyle?: boolean;
  /** default: what AWS's own chain finds, in the environment, in files, or on its machines */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** milliseconds without a byte after which a request is given up, default 60 s */
  readonly timeout?: number;
  /** how often a request is made at most, default 3 */
  readonly attempts?: number;
  /** bytes above which an object is copied in parts, default 5 GiB: what one request copies at most */
  readonly copyInPartsAbove?: number;
  /** objects that one request lists or deletes, default and at most 1000 */
  readonly pageSize?: number;
}
