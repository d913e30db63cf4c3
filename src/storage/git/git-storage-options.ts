/** Which state of which repository is read. */
export interface GitStorageOptions {
  /** http(s) URL of a repository, `file:` URL or absolute path of one on this machine */
  readonly url: string;
  /** branch, tag or the whole id of a commit; default: what the repository calls its HEAD */
  readonly ref?: string;
  /** directory below which the keys lie */
  readonly path?: string;
  /** a token, sent as password of `x-access-token` unless there is a user name */
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
  /** milliseconds after which the ref is looked up again, default 60 s */
  readonly refresh?: number;
  /** milliseconds without a byte after which a request is given up, default 60 s */
  readonly timeout?: number;
  /** bytes that are fetched at most, default 256 MiB: a fetched state is in memory while it is unpacked */
  readonly maxBytes?: number;
}
