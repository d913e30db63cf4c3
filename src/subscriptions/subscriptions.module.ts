import { Module } from '@nestjs/common';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { JobsApiModule } from '../jobs/http/jobs-api.module.js';
import { OgcModule } from '../ogc/ogc.module.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { SubscriptionsController } from './http/subscriptions.controller.js';
import { NotificationSource } from './notification-source.js';
import { NotificationSweep } from './notification-sweep.js';
import { DeliveryHistory } from './store/delivery-history.js';
import { NotificationQueue } from './store/notification-queue.js';
import { Subscriptions } from './store/subscriptions.js';
import { SubscriptionService } from './subscription.service.js';

/** Tells subscribers of the events of jobs. Every node with an API has this; workers only write what is owed. */
@Module({
  imports: [DeliveriesModule, JobsApiModule, OgcModule, OutgoingModule],
  controllers: [SubscriptionsController],
  providers: [
    ...[Subscriptions, NotificationQueue, DeliveryHistory],
    ...[SubscriptionService, NotificationSource, NotificationSweep],
  ],
})
export class SubscriptionsModule {}
