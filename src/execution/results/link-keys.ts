import { Injectable } from '@nestjs/common';
import { SecretKeys } from '../../blocks/secrets/secret-keys.js';

/**
 * The keys that links of this deployment are signed with, derived from its secret keys: the first one signs, all of them
 * are believed, so that a link outlives a change of keys.
 */
@Injectable()
export class LinkKeys {
  private keys?: Promise<readonly Buffer[]>;

  constructor(private readonly secrets: SecretKeys) {}

  get(): Promise<readonly Buffer[]> {
    this.keys ??= this.derive().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async derive(): Promise<readonly Buffer[]> {
    return (await this.secrets.keyRing()).derived('links to outputs');
  }
}
