import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { Link } from '../../ogc/links/link.js';
import { mediaTypeOf, nameOf, type UploadState } from '../upload.service.js';

/** An upload as the service shows it. */
@ApiSchema({ name: 'upload' })
export class UploadDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'upload:9b2c…', description: 'What an input says to use it: {"href": "upload:…"}' })
  href!: string;

  @ApiPropertyOptional({ description: 'Name of the file, as the client gave it' })
  name?: string;

  @ApiPropertyOptional({ description: 'Media type, as the client gave it' })
  mediaType?: string;

  @ApiPropertyOptional({ type: 'integer', description: 'Bytes it will have, once that is known' })
  size?: number;

  @ApiProperty({ type: 'integer', description: 'Bytes that have arrived' })
  received!: number;

  @ApiProperty({ description: 'Whether it can be used as an input' })
  complete!: boolean;

  @ApiProperty({ type: String, format: 'date-time' })
  created!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'When it is removed' })
  expires!: string;

  @ApiProperty({ type: [LinkDto] })
  links!: Link[];
}

export function toUploadDto(upload: UploadState, links: Link[]): UploadDto {
  const { id, metadata, size, received, location } = upload;
  const [name, mediaType] = [nameOf(metadata), mediaTypeOf(metadata)];
  return {
    id,
    href: `upload:${id}`,
    ...(name !== undefined && { name }),
    ...(mediaType !== undefined && { mediaType }),
    ...(size !== null && { size: Number(size) }),
    received,
    complete: location !== null,
    created: upload.created_at.toISOString(),
    expires: upload.expires_at.toISOString(),
    links,
  };
}
