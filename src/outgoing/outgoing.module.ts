import { Module } from '@nestjs/common';
import { AddressPolicy } from './address-policy.js';
import { GuardedFetch } from './guarded-fetch.js';

/** Requests this service makes for its clients. */
@Module({
  providers: [AddressPolicy, GuardedFetch],
  exports: [AddressPolicy, GuardedFetch],
})
export class OutgoingModule {}
