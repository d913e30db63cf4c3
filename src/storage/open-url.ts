import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { GitStorage } from './git/git-storage.js';
import type { HttpStorage } from './http/http-storage.js';
import { LocalFileSystemStorage } from './local/local-file-system-storage.js';
import { MemoryStorage } from './memory/memory-storage.js';
import type { S3Storage } from './s3/s3-storage.js';
import type { Storage } from './storage.js';
import { StorageError } from './storage-error.js';
import type { StorageTools } from './storage-tools.js';

/**
 * What a base URL does not say. The names in the second half are those that users of Prefect's `RemoteFileSystem` know;
 * they mean the same as the first.
 */
export interface UrlSettings {
  /** access key of an S3 service, or user name of a repository */
  readonly key?: string;
  readonly secret?: string;
  /** session token of an S3 service, bearer token of a web server, token of a repository */
  readonly token?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly forcePathStyle?: boolean;
  /** of a web server */
  readonly headers?: Readonly<Record<string, string>>;

  readonly endpoint_url?: string;
  readonly use_ssl?: boolean;
  readonly client_kwargs?: { readonly endpoint_url?: string; readonly region_name?: string };
}

/** Throws `misconfigured` for what is no setting: a typing error must not be a setting that is left out. */
const SETTINGS = z.strictObject({
  key: z.string().optional(),
  secret: z.string().optional(),
  token: z.string().optional(),
  endpoint: z.string().optional(),
  region: z.string().optional(),
  forcePathStyle: z.boolean().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  endpoint_url: z.string().optional(),
  use_ssl: z.boolean().optional(),
  client_kwargs: z.strictObject({ endpoint_url: z.string().optional(), region_name: z.string().optional() }).optional(),
});

/** What is wrong with settings, as the end of a sentence; repeats none of their values. */
export function settingsFault(settings: object): string | undefined {
  const read = SETTINGS.safeParse(settings);
  if (!read.success) {
    const [{ path, message, code }] = read.error.issues;
    const known = code === 'unrecognized_keys' ? `; they are ${Object.keys(SETTINGS.shape).join(', ')}` : '';
    return `cannot be used: ${[...path, message].join(': ')}${known}`;
  }
  return undefined;
}

type Opener = (url: URL, settings: UrlSettings, tools: StorageTools) => Storage | Promise<Storage>;

const OPENERS: Readonly<Record<string, Opener>> = {
  's3:': openS3,
  's3a:': openS3,
  'file:': (url) => new LocalFileSystemStorage(fileURLToPath(url)),
  'local:': (url) => new LocalFileSystemStorage(decodeURIComponent(url.pathname)),
  'memory:': (url) => MemoryStorage.named(`${url.host}${url.pathname}`),
  'http:': openHttp,
  'https:': openHttp,
  'git+http:': openGit,
  'git+https:': openGit,
  'git+file:': openGit,
};

/**
 * Opens the storage that a base URL names: `s3://bucket/prefix`, `file:///directory`, `https://host/base`,
 * `git+https://host/repository.git#ref` (`#ref:directory` for a part of it) or `memory://name`.
 * @throws StorageError `misconfigured` for another URL
 */
export async function openUrl(basepath: string, settings: UrlSettings, tools: StorageTools): Promise<Storage> {
  const url = URL.canParse(basepath) ? new URL(basepath) : undefined;
  const open = url && OPENERS[url.protocol];
  if (url === undefined || open === undefined) {
    const detail = `must be a URL that starts with one of ${Object.keys(OPENERS)
      .map((protocol) => `${protocol}//`)
      .join(', ')}`;
    throw new StorageError('misconfigured', 'The base path', { detail });
  }
  if (url.username !== '' || url.password !== '') {
    const detail = 'must not carry a user name or password; give them as settings';
    throw new StorageError('misconfigured', 'The base path', { detail });
  }
  const detail = settingsFault(settings);
  if (detail !== undefined) throw new StorageError('misconfigured', 'The settings', { detail });
  try {
    return await open(url, settings, tools);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new StorageError('misconfigured', 'The base path', { detail: 'has a % that encodes nothing', cause: error });
  }
}

async function openS3(url: URL, settings: UrlSettings, { addresses }: StorageTools): Promise<S3Storage> {
  const { key, secret, token, region = settings.client_kwargs?.region_name, forcePathStyle } = settings;
  if ((key === undefined) !== (secret === undefined)) {
    throw new StorageError('misconfigured', 'The settings', { detail: 'must have both key and secret, or neither' });
  }
  const credentials =
    key === undefined || secret === undefined
      ? undefined
      : { accessKeyId: key, secretAccessKey: secret, sessionToken: token };
  const { S3Storage } = await import('./s3/s3-storage.js');
  return new S3Storage(
    {
      bucket: decodeURIComponent(url.host),
      prefix: decodeURIComponent(url.pathname),
      endpoint: endpointOf(settings),
      region,
      forcePathStyle,
      credentials,
    },
    addresses,
  );
}

/** `use_ssl` counts where the endpoint is a host alone, as in the client that Prefect uses. */
function endpointOf(settings: UrlSettings): string | undefined {
  const endpoint = settings.endpoint ?? settings.endpoint_url ?? settings.client_kwargs?.endpoint_url;
  if (endpoint === undefined) return undefined;
  const text = endpoint.includes('://') ? endpoint : `http${settings.use_ssl === false ? '' : 's'}://${endpoint}`;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new StorageError('misconfigured', 'The endpoint', { detail: 'is no http or https URL' });
}

async function openHttp(url: URL, { headers, token }: UrlSettings, { addresses }: StorageTools): Promise<HttpStorage> {
  const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` };
  const { HttpStorage } = await import('./http/http-storage.js');
  return new HttpStorage({ baseUrl: url.href, headers: { ...authorization, ...headers } }, addresses);
}

async function openGit(url: URL, { key, secret, token }: UrlSettings, tools: StorageTools): Promise<GitStorage> {
  const [ref, path] = decodeURIComponent(url.hash.slice(1)).split(':');
  const repository = url.href.slice('git+'.length).replace(/#.*$/, '');
  const { GitStorage } = await import('./git/git-storage.js');
  return new GitStorage(
    { url: repository, ref: ref || undefined, path, username: key, password: secret, token },
    tools,
  );
}
