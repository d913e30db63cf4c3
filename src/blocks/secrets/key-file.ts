import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidSettingsError } from '../../config/settings.js';
import type { SecretKey } from './sealed-secret.js';

const LINE = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

/**
 * Reads the key in a file, and makes both when there is none. Nodes that do so at once agree on one key.
 * @throws InvalidSettingsError for a file that holds something else
 */
export async function readKeyFile(path: string): Promise<SecretKey> {
  const text = (await readIfThere(path)) ?? (await make(path));
  const [, id, bytes] = LINE.exec(text.trim()) ?? [];
  if (id === undefined) {
    throw new InvalidSettingsError([`${path} holds no key (id:base64 of 32 bytes); restore it, or set SECRET_KEYS`]);
  }
  return { id, bytes: Buffer.from(bytes, 'base64') };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function make(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const bytes = randomBytes(32);
  // The id tells keys apart that were made by nodes which do not share their DATA_DIR.
  const id = `file-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`;
  const draft = join(dirname(path), `.secret.key.${randomUUID()}`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${id}:${bytes.toString('base64')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // Unlike a rename, this leaves a key alone that another node has made meanwhile.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}
