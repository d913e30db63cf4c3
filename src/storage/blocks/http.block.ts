import { IsObject, IsOptional, Matches } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { Secret } from '../../blocks/decorators/secret.decorator.js';
import type { HttpStorage } from '../http/http-storage.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

/** Files of a web server; they can only be read. */
@Block({ type: 'http', title: 'Web server', description: 'Files of a web server; they can only be read' })
export class HttpBlock extends StorageBlock {
  @Field({ title: 'Base URL', destination: true })
  @Matches(/^https?:\/\/[^\s/@]+(\/\S*)?$/)
  baseUrl!: string;

  @Field({
    title: 'Headers',
    description: 'Sent with every request, such as an Authorization',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  })
  @Secret()
  @IsOptional()
  @IsObject()
  headers?: Record<string, string>;

  async open({ addresses }: StorageBlockTools): Promise<HttpStorage> {
    const { HttpStorage } = await import('../http/http-storage.js');
    return new HttpStorage({ baseUrl: this.baseUrl, headers: this.headers }, addresses);
  }
}
