import { resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { readKeyFile } from './key-file.js';
import { KeyRing } from './sealed-secret.js';

/** The keys of this node: those of the settings, else the one in DATA_DIR. */
@Injectable()
export class SecretKeys {
  private ring: Promise<KeyRing> | undefined;

  constructor(private readonly settings: Settings) {}

  /** Makes a key in DATA_DIR when there is none yet. @throws InvalidSettingsError when the file there is damaged */
  keyRing(): Promise<KeyRing> {
    this.ring ??= this.read().catch((error: unknown) => {
      this.ring = undefined;
      throw error;
    });
    return this.ring;
  }

  private async read(): Promise<KeyRing> {
    const [first, ...others] = this.settings.SECRET_KEYS ?? [];
    if (first !== undefined) return new KeyRing([first, ...others]);
    return new KeyRing([await readKeyFile(resolve(this.settings.DATA_DIR, 'secret.key'))]);
  }
}
