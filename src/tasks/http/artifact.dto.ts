import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { ArtifactRow } from '../store/artifacts.js';

const TYPES = ['table', 'markdown', 'link', 'image', 'progress'] as const;

/** Something a job shows to people. */
@ApiSchema({ name: 'artifact' })
export class ArtifactDto {
  @ApiProperty()
  key!: string;

  @ApiProperty({ enum: TYPES })
  type!: string;

  @ApiProperty({
    description: 'A JSON value whose shape depends on the type',
    anyOf: [{ type: 'object' }, { type: 'array', items: {} }, { type: 'string' }, { type: 'number' }],
  })
  data!: unknown;

  @ApiPropertyOptional()
  description?: string;

  @ApiPropertyOptional({ description: 'Key of the step that made it' })
  step?: string;

  @ApiProperty({ type: String, format: 'date-time' })
  created!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  updated!: string;
}

/** A page of what a job shows, in the order of the keys. */
@ApiSchema({ name: 'artifactPage' })
export class ArtifactPageDto {
  @ApiProperty({ type: [ArtifactDto] })
  artifacts!: ArtifactDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

export function toArtifactDto({
  key,
  type,
  data,
  description,
  step,
  created_at,
  updated_at,
}: ArtifactRow): ArtifactDto {
  return {
    key,
    type,
    data,
    ...(description !== null && { description }),
    ...(step !== null && { step }),
    created: created_at.toISOString(),
    updated: updated_at.toISOString(),
  };
}
