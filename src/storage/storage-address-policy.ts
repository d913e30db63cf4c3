import { Injectable } from '@nestjs/common';
import { AddressPolicy } from '../outgoing/address-policy.js';

/** Where storages may lie: a rule of its own, since a storage is often a neighbour of the service and a client is not. */
@Injectable()
export class StorageAddressPolicy extends AddressPolicy {
  protected override get allowsPrivate(): boolean {
    return this.settings.ALLOW_PRIVATE_STORAGE;
  }
}
