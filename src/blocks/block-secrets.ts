import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../ogc/json-object.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { blockRefText, type BlockRef } from './block-ref.js';
import { SecretKeys } from './secrets/secret-keys.js';
import { type SealedSecret, UnreadableSecretError } from './secrets/sealed-secret.js';

/** Encrypts and decrypts the secrets of blocks. A secret is bound to its place: block and property. */
@Injectable()
export class BlockSecrets {
  constructor(private readonly keys: SecretKeys) {}

  /** @param secrets by property */
  async seal(ref: BlockRef, secrets: JsonObject): Promise<Record<string, SealedSecret>> {
    const ring = await this.keys.keyRing();
    const sealed = Object.entries(secrets).map(([property, value]) => {
      return [property, ring.seal(JSON.stringify(value), placeOf(ref, property))];
    });
    return Object.fromEntries(sealed) as Record<string, SealedSecret>;
  }

  /** Whether all of them are encrypted with the first key. */
  async areCurrent(sealed: Readonly<Record<string, SealedSecret>>): Promise<boolean> {
    const { current } = await this.keys.keyRing();
    return Object.values(sealed).every(({ kid }) => kid === current);
  }

  /** @throws DomainError `block-unusable` */
  async open(ref: BlockRef, sealed: Readonly<Record<string, SealedSecret>>): Promise<JsonObject> {
    if (Object.keys(sealed).length === 0) return {};
    const ring = await this.keys.keyRing();
    const opened = Object.entries(sealed).map(([property, secret]) => {
      try {
        return [property, JSON.parse(ring.open(secret, placeOf(ref, property)))];
      } catch (error) {
        if (!(error instanceof UnreadableSecretError)) throw error;
        throw unusable(ref, `its secret ${property} ${error.message}.`, error);
      }
    });
    return Object.fromEntries(opened) as JsonObject;
  }
}

/** @param reason a sentence that goes on after "cannot be used:" */
export function unusable(ref: BlockRef, reason: string, cause?: unknown): DomainError {
  return new DomainError('block-unusable', `The block ${blockRefText(ref)} cannot be used: ${reason}`, { cause });
}

function placeOf(ref: BlockRef, property: string): string {
  return `${blockRefText(ref)}/${property}`;
}
