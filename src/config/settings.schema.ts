import proxyAddress from '@fastify/proxy-addr';
import { z } from 'zod';

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `500ms`, `30s`, `5m`, `12h`, `7d`; the parsed value is milliseconds. */
const duration = (example: string) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, `must be a whole number with a unit (ms, s, m, h, d), for example ${example}`)
    .transform((text) => {
      const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) as unknown as [
        string,
        string,
        keyof typeof DURATION_UNITS,
      ];
      return Number(amount) * DURATION_UNITS[unit];
    });

/** `512KiB`, `64MiB`, `2GiB`; the parsed value is bytes. */
const size = (example: string) =>
  z
    .string()
    .regex(/^\d+(B|KiB|MiB|GiB)$/, `must be a whole number with a unit (B, KiB, MiB, GiB), for example ${example}`)
    .transform((text) => {
      const [, amount, unit] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(text) as unknown as [
        string,
        string,
        keyof typeof SIZE_UNITS,
      ];
      return Number(amount) * SIZE_UNITS[unit];
    });

const count = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be between ${least} and ${most}`);

const flag = () => z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

const url = (protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );

const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** `id:base64` of 32 bytes each, separated by commas or white space; for AES-256. */
const keys = () =>
  z
    .string()
    .transform((text) => text.split(/[,\s]+/).filter((item) => item !== ''))
    .refine(
      (items) => items.length > 0 && items.every((item) => SECRET_KEY.test(item)),
      'must list keys as id:base64 of 32 bytes (openssl rand -base64 32), separated by commas; ids are letters, digits, - and _',
    )
    .transform((items) =>
      items.map((item) => {
        const [id, bytes] = item.split(':');
        return { id, bytes: Buffer.from(bytes, 'base64') };
      }),
    )
    .refine((items) => new Set(items.map(({ id }) => id)).size === items.length, 'must not have two keys with one id');

const SECRET_KEY = /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=$/;

/** As browsers send them: a scheme and a host, without a path; `null` is that of local files. */
function areOrigins(origins: string[]): boolean {
  return origins.every(
    (origin) => origin === '*' || origin === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(origin),
  );
}

function areAddresses(addresses: string[]): boolean {
  try {
    proxyAddress.compile(addresses);
    return true;
  } catch {
    return false;
  }
}

function isLoopback(host: string): boolean {
  return ['localhost', '127.0.0.1', '::1'].includes(host) || /^127\./.test(host);
}

const settings = z.object({
  // Where the service listens, and what it does
  PORT: count(0, 65_535).prefault('3000'),
  HOST: z.string().prefault('127.0.0.1'),
  TRUSTED_NETWORK: flag().prefault('false'),
  PROBE_PORT: count(0, 65_535).optional(),
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').prefault('all'),
  DATA_DIR: z.string().min(1).prefault('.data'),
  PUBLIC_URL: url(['http:', 'https:'])
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  TRUSTED_PROXIES: list()
    .refine(areAddresses, 'must list IP addresses or ranges in CIDR notation, separated by commas')
    .prefault('127.0.0.1,::1'),
  CORS_ORIGINS: list()
    .refine(areOrigins, 'must be * or list origins such as https://example.org, separated by commas')
    .prefault('*'),
  PROCESS_MODULES: list().prefault(''),
  CATALOG: flag().prefault('true'),

  // Database and queue
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  DATABASE_POOL: count(2, 200).prefault('10'),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),

  // Blocks and storages
  SECRET_KEYS: keys().optional(),
  BLOCKS_FILE: z.string().optional(),
  MAX_BLOCKS: count(0, 10_000).prefault('1000'),

  // Execution
  DEFAULT_DIALECT: z.enum(['1.0', '2.0'], 'must be 1.0 or 2.0').prefault('1.0'),
  WORKER_CONCURRENCY: count(1, 256).prefault('4'),
  SYNC_CONCURRENCY: count(1, 256).prefault('4'),
  EXECUTOR_WARM: count(0, 64).prefault('1'),
  EXECUTOR_MAX_JOBS: count(1, 1_000_000).prefault('500'),
  EXECUTOR_MEMORY: size('512MiB').prefault('1GiB'),
  JOB_TIMEOUT: duration('1h').prefault('1h'),
  CANCEL_GRACE: duration('5s').prefault('5s'),
  SHUTDOWN_GRACE: duration('10s').prefault('10s'),
  MAX_RECOVERIES: count(0, 100).prefault('3'),
  ALWAYS_SUSPEND: flag().prefault('false'),
  LEASE: duration('15s').prefault('15s'),
  SUPERVISOR_INTERVAL: duration('2s').prefault('2s'),
  EVENTS_HEARTBEAT: duration('15s')
    .refine((interval) => interval >= 100 && interval <= 3_600_000, 'must be between 100ms and 1h')
    .prefault('15s'),

  // Callbacks and subscriptions
  CALLBACK_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  CALLBACK_TIMEOUT: duration('10s')
    .refine((time) => time >= 100 && time <= 600_000, 'must be between 100ms and 10m')
    .prefault('10s'),
  CALLBACK_ATTEMPTS: count(1, 1_000).prefault('20'),
  CALLBACK_MAX_AGE: duration('1d').prefault('1d'),
  MAX_SUBSCRIPTIONS: count(0, 10_000).prefault('100'),
  MAX_NOTIFICATIONS: count(1, 1_000_000).prefault('10000'),

  // Limits and retention
  MAX_BODY: size('64MiB').prefault('64MiB'),
  MAX_REFERENCE: size('1GiB').prefault('1GiB'),
  REFERENCE_TIMEOUT: duration('60s').prefault('60s'),
  ALLOW_PRIVATE_REFERENCES: flag().prefault('false'),
  ALLOW_PRIVATE_STORAGE: flag().prefault('false'),
  MAX_UPLOAD: size('5GiB').prefault('5GiB'),
  MAX_UPLOADS: count(0, 1_000_000).prefault('1000'),
  UPLOADS_SPACE: size('100GiB').prefault('100GiB'),
  UPLOAD_TTL: duration('1d').prefault('1d'),
  INLINE_INPUT: size('256KiB').prefault('256KiB'),
  INLINE_OUTPUT: size('256KiB').prefault('256KiB'),
  JOB_TTL: duration('7d').prefault('7d'),
  RESULT_TTL: duration('1d').optional(),

  // Storage of files
  STORAGE: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}$/, 'must name a block as <type>/<name>')
    .prefault('local-file-system/default'),
  STORAGE_PATIENCE: duration('2m').prefault('2m'),
  PRESIGNED_LINKS: flag().prefault('true'),
  LINK_LIFETIME: duration('1h')
    .refine((time) => time >= 1_000 && time <= 604_800_000, 'must be between 1s and 7d')
    .prefault('1h'),

  // Logs of the service
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .prefault('info'),
  LOG_FILE: z.string().optional(),
  LOG_FILE_SIZE: size('10MiB').prefault('10MiB'),
  LOG_FILE_COUNT: count(1, 1000).prefault('5'),
});

/**
 * Every setting, by the name of its environment variable. `.env.example` lists the same names with the same defaults
 * (a test compares them), so the description of a setting is written there and nowhere else.
 */
export const settingsSchema = settings.refine(({ HOST, TRUSTED_NETWORK }) => isLoopback(HOST) || TRUSTED_NETWORK, {
  path: ['HOST'],
  message:
    'must be a loopback address (127.0.0.1, ::1, localhost): the API has no authentication, so it is not offered to a network; put a reverse proxy with authentication in front of it, or set TRUSTED_NETWORK=true where nobody else reaches that address',
  // Beside the faults of other settings, not only when they are mended.
  when: () => true,
});

/** The name of a setting, which is that of its environment variable. */
export type SettingName = keyof z.input<typeof settingsSchema>;
