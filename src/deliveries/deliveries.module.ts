import { Module } from '@nestjs/common';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { CallAttempt } from './call-attempt.js';
import { Deliveries } from './deliveries.js';

/** Makes calls to URLs that clients gave, until they get through. */
@Module({
  imports: [OutgoingModule],
  providers: [CallAttempt, Deliveries],
  exports: [CallAttempt, Deliveries],
})
export class DeliveriesModule {}
