import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** One key of AES-256. */
export interface SecretKey {
  readonly id: string;
  /** 32 bytes */
  readonly bytes: Buffer;
}

/** A secret as its row holds it. Everything but `kid` is base64. */
export interface SealedSecret {
  /** Id of the key. */
  readonly kid: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

/** A stored secret that cannot be read; the message says why and holds nothing secret. */
export class UnreadableSecretError extends Error {}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The keys of this deployment: the first one encrypts, all of them decrypt. */
export class KeyRing {
  constructor(private readonly keys: readonly [SecretKey, ...SecretKey[]]) {}

  /** Id of the key that encrypts. */
  get current(): string {
    return this.keys[0].id;
  }

  /**
   * Encrypts a text (AES-256-GCM, NIST SP 800-38D, with a random initialization vector).
   * @param place of the secret, `type/name/property`: what was sealed for one place cannot be opened at another
   */
  seal(text: string, place: string): SealedSecret {
    const { id, bytes } = this.keys[0];
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, bytes, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const tag = cipher.getAuthTag();
    return { kid: id, iv: iv.toString('base64'), tag: tag.toString('base64'), data: data.toString('base64') };
  }

  /** @throws UnreadableSecretError when the key is unknown, or the secret was changed or is of another place */
  open({ kid, iv, tag, data }: SealedSecret, place: string): string {
    const key = this.keys.find(({ id }) => id === kid);
    if (key === undefined) {
      throw new UnreadableSecretError(
        `is encrypted with the key ${JSON.stringify(kid)}, which this node does not have (see SECRET_KEYS)`,
      );
    }
    try {
      const decipher = createDecipheriv(CIPHER, key.bytes, Buffer.from(iv, 'base64'), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place)).setAuthTag(Buffer.from(tag, 'base64'));
      return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString();
    } catch (error) {
      const detail = `does not fit the key ${JSON.stringify(kid)} of this node, or was changed in the database`;
      throw new UnreadableSecretError(detail, { cause: error });
    }
  }
}
