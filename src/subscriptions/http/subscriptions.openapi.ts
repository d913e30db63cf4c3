import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { ApiLimitQuery } from '../../ogc/paging/limit-query.decorator.js';
import {
  DeliveryDto,
  DeliveryPageDto,
  NewSubscriptionDto,
  NotificationDto,
  SubscriptionChangesDto,
  SubscriptionDto,
  SubscriptionPageDto,
} from './subscription.dto.js';

/** What the service sends to a subscriber. */
const NOTIFICATION = {
  operationId: 'notify',
  summary: 'Something happened to a job',
  requestBody: {
    required: true,
    content: { [MediaType.json]: { schema: { $ref: getSchemaPath(NotificationDto) } } },
  },
  responses: {
    '2XX': { description: 'The subscriber has taken note' },
    '4XX': { description: 'A failed attempt, which is repeated later' },
  },
};

const id = ApiParam({ name: 'subscriptionID', schema: { type: 'string' } });

const page = () =>
  applyDecorators(
    ApiLimitQuery(),
    ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' }),
    ApiFormatQuery('json'),
  );

/** GET /subscriptions in the OpenAPI document. */
export function ApiSubscriptions(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getSubscriptions', summary: 'The subscriptions, oldest first' }),
    page(),
    ApiOkResponse({ type: SubscriptionPageDto }),
  );
}

/** POST /subscriptions in the OpenAPI document. */
export function ApiAddSubscription(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'subscribe',
      summary: 'Be told of events of jobs',
      description: 'Of every event that happens from the answer on, at least once, those of one job in their order',
      callbacks: { notification: { '{$request.body#/url}': { post: NOTIFICATION } } },
    }),
    ApiExtraModels(NotificationDto),
    ApiBody({ type: NewSubscriptionDto, required: true }),
    ApiResponse({
      status: 201,
      type: SubscriptionDto,
      headers: { Location: { description: 'URL of the subscription', schema: { type: 'string', format: 'uri' } } },
    }),
    ApiResponse({ status: 409, description: 'There are too many subscriptions' }),
  );
}

/** GET /subscriptions/{subscriptionID} in the OpenAPI document. */
export function ApiSubscription(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'getSubscription', summary: 'A subscription, and how much is owed to it' }),
    id,
    ApiFormatQuery('json'),
    ApiOkResponse({ type: SubscriptionDto }),
  );
}

/** PATCH /subscriptions/{subscriptionID} in the OpenAPI document. */
export function ApiChangeSubscription(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'changeSubscription',
      summary: 'Change those members of a subscription that the body has',
      description: 'null takes a member away. What is owed already goes to the new URL with the new secret.',
    }),
    id,
    ApiBody({ type: SubscriptionChangesDto, required: true }),
    ApiOkResponse({ type: SubscriptionDto }),
  );
}

/** DELETE /subscriptions/{subscriptionID} in the OpenAPI document. */
export function ApiRemoveSubscription(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'unsubscribe', summary: 'End a subscription; what is still owed to it is dropped' }),
    id,
    ApiNoContentResponse({ description: 'It is removed' }),
  );
}

/** POST /subscriptions/{subscriptionID}/test in the OpenAPI document. */
export function ApiTestSubscription(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'testSubscription',
      summary: 'Post a test notification to the URL of a subscription, once, and say how that went',
    }),
    id,
    ApiOkResponse({ type: DeliveryDto }),
  );
}

/** GET /subscriptions/{subscriptionID}/deliveries in the OpenAPI document. */
export function ApiDeliveries(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'getDeliveries',
      summary: 'What became of the notifications of a subscription, latest event first',
      description: 'All that are owed, and the latest of those that are settled',
    }),
    id,
    page(),
    ApiOkResponse({ type: DeliveryPageDto }),
  );
}
