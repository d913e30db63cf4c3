import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Flow } from '../../decorators/flow.decorator.js';
import { Input } from '../../decorators/input.decorator.js';
import { Output } from '../../decorators/output.decorator.js';
import { Task } from '../../decorators/task.decorator.js';
import type { JobContext } from '../../job-context.js';
import type { ProcessHandler } from '../../process-handler.js';

/** The inputs of `simple-flow`. */
export class SimpleFlowInputs {
  @Input({ title: 'Name', description: 'Who is greeted.', schema: { example: 'Ada' } })
  @IsString()
  @MinLength(1)
  @MaxLength(1_000)
  name!: string;

  @Input({ title: 'Message', description: 'Said after the greeting.', schema: { example: 'Good morning.' } })
  @IsOptional()
  @IsString()
  @MaxLength(10_000)
  message?: string;
}

/** The outputs of `simple-flow`. */
export class SimpleFlowOutputs {
  @Output({ title: 'Result', description: 'The greeting and the message.', mediaType: 'text/plain' })
  result!: string;
}

/**
 * Greets in two tasks, in an executor of its own, and tells in its log and progress which one it is at. A job of it that
 * is interrupted between them goes on with the second.
 */
@Flow({
  id: 'simple-flow',
  version: '1.0.0',
  title: 'Simple flow',
  description: 'Composes a greeting in steps and reports each of them in the log and the progress of the job.',
  keywords: ['flow', 'example'],
  inputs: SimpleFlowInputs,
  outputs: SimpleFlowOutputs,
})
export class SimpleFlow implements ProcessHandler<SimpleFlowInputs, SimpleFlowOutputs> {
  async execute({ name, message }: SimpleFlowInputs, context: JobContext): Promise<SimpleFlowOutputs> {
    const greeting = await this.composeGreeting(name, context);
    context.progress(50, 'Composed the greeting');
    const result = message ? await this.appendMessage(greeting, message, context) : greeting;
    context.progress(100, 'Done');
    return { result };
  }

  @Task({ name: 'compose greeting' })
  composeGreeting(name: string, { logger }: JobContext): Promise<string> {
    const greeting = `Hello ${name}!`;
    logger.info('Composed the greeting', { characters: greeting.length });
    return Promise.resolve(greeting);
  }

  @Task({ name: 'append message' })
  appendMessage(greeting: string, message: string, { logger }: JobContext): Promise<string> {
    logger.info('Appended the message', { characters: message.length });
    return Promise.resolve(`${greeting} ${message}`);
  }
}
