import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Server } from '@tus/server';
import { validate as isUuid } from 'uuid';
import { Settings } from '../../config/settings.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { Uploads } from '../store/uploads.js';
import { UploadPlaces } from '../upload-places.js';
import { UploadService } from '../upload.service.js';
import { checkTusHeaders, tusFault } from './tus-fault.js';
import { UploadStore } from './upload-store.js';

/** A request of the tus protocol. */
export interface TusRequest {
  readonly method: string;
  /** absent for the creation of an upload */
  readonly id?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** The answer to such a request, when it went well. It has no body. */
export interface TusAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** of the upload that was created */
  readonly id?: string;
}

/** Nobody ever resolves it: the library wants absolute URLs. */
const ORIGIN = 'http://uploads.invalid';

/**
 * The tus 1.0 protocol for uploads that can go on after they broke off, with the extensions creation,
 * creation-with-upload, creation-defer-length, termination and expiration. Locks are those of this process: the parts of
 * one upload go to one node, which has the earlier ones.
 */
@Injectable()
export class Tus {
  private readonly server: Server;
  private readonly faults = new WeakMap<object, unknown>();

  constructor(
    private readonly service: UploadService,
    uploads: Uploads,
    places: UploadPlaces,
    private readonly settings: Settings,
  ) {
    this.server = new Server({
      path: '/uploads',
      datastore: new UploadStore(service, uploads, places, settings.UPLOAD_TTL),
      maxSize: settings.MAX_UPLOAD,
      namingFunction: () => randomUUID(),
      generateUrl: (_request, { id }) => id,
      onUploadFinish: async (_request, { id }) => {
        await service.complete(id);
        return {};
      },
      onResponseError: (request, error) => {
        this.faults.set(request, error);
        return undefined;
      },
    });
  }

  /** @throws DomainError for everything that is wrong with the request; whatever the database or the storage throws */
  async answer({ method, id, headers, body }: TusRequest): Promise<TusAnswer> {
    checkTusHeaders(method, headers['tus-resumable'], headers['content-type']);
    if (id !== undefined && !isUuid(id)) throw new DomainError('no-such-upload', 'There is no such upload.');
    const hasBody = method === 'POST' || method === 'PATCH';
    const request = new Request(`${ORIGIN}/uploads/${id ?? ''}`, {
      method,
      headers: Object.entries(headers).flatMap(([name, value]) =>
        value === undefined || name.startsWith(':') ? [] : [[name, String(value)] as [string, string]],
      ),
      ...(hasBody && { body: Readable.toWeb(body) as ReadableStream, duplex: 'half' }),
    });
    const response = await this.server.handleWeb(request);
    if (response.status >= 400) throw await this.errorOf(request, response, id);
    const kept = [...response.headers].filter(([name]) => !isOfTransport(name));
    const created = response.headers.get('location');
    return {
      status: response.status,
      headers: Object.fromEntries(kept),
      ...(created !== null && { id: created }),
    };
  }

  /** What the service itself threw goes on as it is; words of the library become a problem. */
  private async errorOf(request: Request, response: Response, id: string | undefined): Promise<unknown> {
    const fault = this.faults.get(request);
    // Errors of the library carry the status of their answer.
    if (fault instanceof Error && !('status_code' in fault)) return fault;
    const upload = id === undefined ? undefined : await this.service.get(id).catch(() => undefined);
    return tusFault({
      method: request.method,
      status: response.status,
      fault,
      text: (await response.text()).trim(),
      most: this.settings.MAX_UPLOAD,
      received: upload?.received,
    });
  }
}

/** Sharing with other origins is settled elsewhere; there is no body to describe. */
function isOfTransport(name: string): boolean {
  return (
    name.startsWith('access-control-') || ['content-length', 'content-type', 'connection', 'location'].includes(name)
  );
}
