import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { Link } from '../../ogc/links/link.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { blockRefText } from '../block-ref.js';
import type { BlockType } from '../definition/block-type.js';
import { shownValues } from '../kept-secrets.js';
import type { BlockRow } from '../store/block-rows.js';

const VALUES = { type: 'object', additionalProperties: true } as const;

/** A type of block in the list of them. */
@ApiSchema({ name: 'blockTypeSummary' })
export class BlockTypeSummaryDto {
  @ApiProperty({ example: 'aws-credentials' })
  type!: string;

  @ApiPropertyOptional()
  title?: string;

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** A type of block. */
@ApiSchema({ name: 'blockType' })
export class BlockTypeDto extends BlockTypeSummaryDto {
  @ApiProperty({ ...VALUES, description: 'JSON Schema of the values; `writeOnly` marks secrets' })
  schema!: OgcSchema;
}

/** All types of blocks. */
@ApiSchema({ name: 'blockTypeList' })
export class BlockTypeListDto {
  @ApiProperty({ type: [BlockTypeSummaryDto] })
  types!: BlockTypeSummaryDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** What a block is replaced with, or changed by. */
@ApiSchema({ name: 'blockValues' })
export class BlockValuesDto {
  @ApiProperty({ ...VALUES, description: 'As the schema of the type says; `{"$secret": true}` keeps a stored secret' })
  values!: Record<string, unknown>;
}

/** What a client sends for a new block. */
@ApiSchema({ name: 'newBlock' })
export class NewBlockDto {
  @ApiProperty({ pattern: '^[a-z][a-z0-9-]{0,63}$', example: 'json' })
  type!: string;

  @ApiProperty({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', example: 'limits' })
  name!: string;

  @ApiProperty({ ...VALUES, description: 'As the schema of the type says' })
  values!: Record<string, unknown>;
}

/** A block as the service shows it: without secrets. */
@ApiSchema({ name: 'block' })
export class BlockDto {
  @ApiProperty({ example: 's3/results', description: 'type/name' })
  id!: string;

  @ApiProperty()
  type!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ ...VALUES, description: 'A secret that is set shows as `{"$secret": true}`' })
  values!: Record<string, unknown>;

  @ApiProperty({ type: 'integer', minimum: 1 })
  version!: number;

  @ApiProperty({ enum: ['api', 'file'], description: '`file`: from the BLOCKS_FILE of the service, not to be changed' })
  origin!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  created!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  updated!: string;

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** A page of blocks, by type and name. */
@ApiSchema({ name: 'blockPage' })
export class BlockPageDto {
  @ApiProperty({ type: [BlockDto] })
  blocks!: BlockDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** How the test of a block went. */
@ApiSchema({ name: 'blockTest' })
export class BlockTestDto {
  @ApiProperty()
  ok!: boolean;

  @ApiPropertyOptional()
  detail?: string;
}

export function toBlockTypeSummaryDto({ type, title, description }: BlockType, links: Link[]): BlockTypeSummaryDto {
  return {
    type,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    links,
  };
}

export function toBlockDto(row: BlockRow, links: Link[]): BlockDto {
  return {
    id: blockRefText(row),
    type: row.type,
    name: row.name,
    values: shownValues(row.values, row.secrets),
    version: row.version,
    origin: row.origin,
    created: row.created_at.toISOString(),
    updated: row.updated_at.toISOString(),
    links,
  };
}
