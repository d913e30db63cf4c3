import { Injectable } from '@nestjs/common';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { BlockSecrets } from '../block-secrets.js';
import { BlockRows } from '../store/block-rows.js';

/** What a rotation did. */
export interface RotationReport {
  /** Blocks whose secrets are encrypted with the first key now, and were not. */
  readonly rotated: number;
  /** Blocks that were left as they are. */
  readonly current: number;
  /** A sentence for each block that cannot be decrypted. */
  readonly unreadable: readonly string[];
}

/** Encrypts the secrets of all blocks with the first key, so that the others can be given up. */
@Injectable()
export class SecretRotation {
  constructor(
    private readonly rows: BlockRows,
    private readonly secrets: BlockSecrets,
  ) {}

  rotate(): Promise<RotationReport> {
    return this.rows.change(async (rows, changes) => {
      let [rotated, current] = [0, 0];
      const unreadable: string[] = [];
      for (const row of rows.values()) {
        if (await this.secrets.areCurrent(row.secrets)) {
          current++;
          continue;
        }
        try {
          await changes.rekey(row, await this.secrets.seal(row, await this.secrets.open(row, row.secrets)));
          rotated++;
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          unreadable.push(error.message);
        }
      }
      return { rotated, current, unreadable };
    });
  }
}
