import { taskDefinition } from '../processes/definition/step-definitions.js';
import type { TaskCall } from '../processes/running-flow.js';
import { stepCache } from './cache-key.js';
import type { StepHost } from './step-host.js';
import type { StepPlan } from './step-plan.js';

/** The step that a call of a `@Task()` method is. */
export function planTask(session: Pick<StepHost, 'options' | 'isContext'>, { mark, args, method }: TaskCall): StepPlan {
  const definition = taskDefinition(mark);
  const cache = stepCache(session.options.process.description, definition, args, session.isContext);
  const { name, concurrency, onDrift, returns } = definition;
  return {
    key: name,
    start: {
      name,
      kind: 'task',
      ...(cache && { cache }),
      ...(concurrency.length > 0 && { limits: concurrency }),
      ...(onDrift === 'rerun' && { onDrift }),
    },
    args,
    definition,
    isTransactional: definition.transactional,
    isRemotable: !definition.transactional,
    returns,
    work: method,
  };
}
