import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import type { Link } from '../../ogc/links/link.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { DeliveryHistory } from '../store/delivery-history.js';
import { Subscriptions } from '../store/subscriptions.js';
import { SubscriptionService } from '../subscription.service.js';
import { parseSubscription, parseSubscriptionChanges } from './subscription-request.js';
import {
  type DeliveryDto,
  type DeliveryPageDto,
  type SubscriptionDto,
  type SubscriptionPageDto,
  toDeliveryDto,
  toSubscriptionDto,
} from './subscription.dto.js';
import {
  ApiAddSubscription,
  ApiChangeSubscription,
  ApiDeliveries,
  ApiRemoveSubscription,
  ApiSubscription,
  ApiSubscriptions,
  ApiTestSubscription,
} from './subscriptions.openapi.js';

const CURSOR = z.uuid();
const DELIVERY_CURSOR = z.tuple([z.iso.datetime({ precision: 6 }), z.uuid(), z.int32()]);

/** Who is told of the events of all jobs. */
@ApiController('Subscriptions', 'subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly service: SubscriptionService,
    private readonly subscriptions: Subscriptions,
    private readonly history: DeliveryHistory,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /subscriptions: the oldest first. */
  @Get()
  @ApiSubscriptions()
  async page(
    @Req() request: FastifyRequest,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
  ): Promise<SubscriptionPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const rows = await this.subscriptions.page(limit + 1, decodeCursor(cursorText, CURSOR));
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      subscriptions: page.map((row) => toSubscriptionDto(row, this.linksOf(request, row.id))),
      links: pageLinks(this.links.self(request), { next: last && encodeCursor(last.id) }),
    };
  }

  /** POST /subscriptions */
  @Post()
  @HttpCode(201)
  @ApiAddSubscription()
  async add(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
  ): Promise<SubscriptionDto> {
    const row = await this.service.add(parseSubscription(body), this.links.url(request, ''));
    reply.header('location', this.links.url(request, `/subscriptions/${row.id}`));
    return toSubscriptionDto(row, this.linksOf(request, row.id));
  }

  /** GET /subscriptions/{subscriptionID} */
  @Get(':subscriptionID')
  @ApiSubscription()
  async one(@Req() request: FastifyRequest, @Param('subscriptionID') id: string): Promise<SubscriptionDto> {
    chooseRepresentation(request, [MediaType.json]);
    const row = await this.service.get(id);
    return toSubscriptionDto(row, this.linksOf(request, row.id));
  }

  /** PATCH /subscriptions/{subscriptionID} */
  @Patch(':subscriptionID')
  @ApiChangeSubscription()
  async change(
    @Req() request: FastifyRequest,
    @Param('subscriptionID') id: string,
    @Body() body: unknown,
  ): Promise<SubscriptionDto> {
    const row = await this.service.change(id, parseSubscriptionChanges(body));
    return toSubscriptionDto(row, this.linksOf(request, row.id));
  }

  /** DELETE /subscriptions/{subscriptionID}: what is owed to it is dropped. */
  @Delete(':subscriptionID')
  @HttpCode(204)
  @ApiRemoveSubscription()
  async remove(@Param('subscriptionID') id: string): Promise<void> {
    await this.service.remove(id);
  }

  /** POST /subscriptions/{subscriptionID}/test: one attempt, whose outcome is the answer. */
  @Post(':subscriptionID/test')
  @HttpCode(200)
  @ApiTestSubscription()
  async test(@Param('subscriptionID') id: string): Promise<DeliveryDto> {
    return toDeliveryDto(await this.service.test(id));
  }

  /** GET /subscriptions/{subscriptionID}/deliveries: the latest event first. */
  @Get(':subscriptionID/deliveries')
  @ApiDeliveries()
  async deliveries(
    @Req() request: FastifyRequest,
    @Param('subscriptionID') id: string,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
  ): Promise<DeliveryPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const after = decodeCursor(cursorText, DELIVERY_CURSOR);
    const subscription = await this.service.get(id);
    const rows = await this.history.page(subscription.id, limit + 1, after);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next = last && encodeCursor([last.position, last.job_id, last.seq]);
    return { deliveries: page.map(toDeliveryDto), links: pageLinks(this.links.self(request), { next }) };
  }

  private linksOf(request: FastifyRequest, id: string): Link[] {
    const path = `/subscriptions/${id}`;
    return [
      this.links.to(request, path, LinkRelation.self, { title: 'This subscription' }),
      this.links.to(request, `${path}/deliveries`, LinkRelation.deliveries, {
        title: 'What became of its notifications',
      }),
    ];
  }
}
