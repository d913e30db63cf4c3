import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { STATE_TYPES } from '../../jobs/job-state.js';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { TaskListRow } from '../store/task-list.js';

const KINDS = ['task', 'run', 'sleep', 'input', 'process'] as const;

/** Why a step failed. */
@ApiSchema({ name: 'taskFault' })
class TaskFaultDto {
  @ApiProperty({ description: 'Name of the error' })
  name!: string;

  @ApiProperty()
  message!: string;

  @ApiPropertyOptional({ description: 'The input that is to blame' })
  input?: string;
}

/** An attempt that failed and was followed by another one. */
@ApiSchema({ name: 'taskAttempt' })
class TaskAttemptDto {
  @ApiProperty({ type: 'integer' })
  attempt!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  started!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  finished!: string;

  @ApiProperty({ type: TaskFaultDto })
  fault!: TaskFaultDto;
}

/** State of a step; the types are those of jobs. */
@ApiSchema({ name: 'taskState' })
class TaskStateDto {
  @ApiProperty({ enum: STATE_TYPES })
  type!: string;

  @ApiProperty({ example: 'AwaitingRetry' })
  name!: string;
}

/** Where a result was taken from. */
@ApiSchema({ name: 'taskOrigin' })
class TaskOriginDto {
  @ApiProperty()
  job!: string;

  @ApiProperty()
  key!: string;
}

/** One step of a job. */
@ApiSchema({ name: 'task' })
export class TaskDto {
  @ApiProperty({ description: 'Unique in the job, the same at every replay' })
  key!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: KINDS })
  kind!: string;

  @ApiPropertyOptional({ description: 'Key of the step in which this one was called' })
  parent?: string;

  @ApiProperty({ type: TaskStateDto })
  state!: TaskStateDto;

  @ApiProperty({ type: 'integer', description: 'Number of the present or last attempt' })
  attempt!: number;

  @ApiProperty({ type: [String], description: 'Keys of the steps whose results this one uses' })
  after!: readonly string[];

  @ApiProperty({ type: [String] })
  tags!: readonly string[];

  @ApiPropertyOptional()
  message?: string;

  @ApiPropertyOptional({ type: TaskFaultDto })
  fault?: TaskFaultDto;

  @ApiProperty({ type: [TaskAttemptDto], description: 'Earlier attempts that failed' })
  failures!: TaskAttemptDto[];

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'Until when it waits at most' })
  waitsUntil?: string;

  @ApiPropertyOptional({ description: 'The job of another process that it started' })
  childJobID?: string;

  @ApiPropertyOptional({ type: TaskOriginDto, description: 'Whose result was taken over' })
  cachedFrom?: TaskOriginDto;

  @ApiPropertyOptional({ description: 'The node that runs the step, or ran it last' })
  worker?: string;

  @ApiProperty({ type: String, format: 'date-time' })
  created!: string;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'Beginning of the present or last attempt' })
  started?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  finished?: string;
}

/** A page of the steps of a job, in the order of their first beginning. */
@ApiSchema({ name: 'taskPage' })
export class TaskPageDto {
  @ApiProperty({ type: [TaskDto] })
  tasks!: TaskDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

export function toTaskDto(row: TaskListRow): TaskDto {
  const { key, name, kind, attempt, after, tags } = row;
  return {
    key,
    name,
    kind,
    ...(row.parent !== null && { parent: row.parent }),
    state: { type: row.state_type, name: row.state_name },
    attempt,
    after,
    tags,
    ...(row.message !== null && { message: row.message }),
    ...(row.fault !== null && { fault: row.fault }),
    failures: row.failures.map(({ started, finished, ...failure }) => ({
      ...failure,
      started: new Date(started).toISOString(),
      finished: new Date(finished).toISOString(),
    })),
    ...(row.wake_at !== null && { waitsUntil: row.wake_at.toISOString() }),
    ...(row.child_id !== null && { childJobID: row.child_id }),
    ...(row.cached_from !== null && { cachedFrom: row.cached_from }),
    ...(row.worker_id !== null && { worker: row.worker_id }),
    created: row.created_at.toISOString(),
    ...(row.started_at !== null && { started: row.started_at.toISOString() }),
    ...(row.finished_at !== null && { finished: row.finished_at.toISOString() }),
  };
}
