// The published surface: what an application that embeds Sluice, or a package of processes, may import.
export { SluiceModule, type SluiceOptions } from './sluice.module.js';
export { InvalidSettingsError, Settings } from './config/settings.js';
export { loadSettings, type SettingOverrides } from './config/load-settings.js';
export { Process } from './processes/decorators/process.decorator.js';
export { Flow, type FlowOptions } from './processes/decorators/flow.decorator.js';
export { Task } from './processes/decorators/task.decorator.js';
export { OnState, type HookState } from './processes/decorators/on-state.decorator.js';
export { Input } from './processes/decorators/input.decorator.js';
export { Output } from './processes/decorators/output.decorator.js';
export type {
  CacheOptions,
  DescribedProcessOptions,
  Duration,
  InputOptions,
  OutputDefinition,
  OutputOptions,
  ProcessCacheOptions,
  ProcessConcurrencyOptions,
  ProcessFileOptions,
  ProcessOptions,
  RetryOptions,
} from './processes/decorators/process-options.js';
export type {
  StepOptions,
  TaskCacheOptions,
  TaskConcurrency,
  TaskOptions,
  Trigger,
  TriggerBounds,
} from './processes/decorators/task-options.js';
export type { StateChange } from './processes/definition/task-definition.js';
export { FailSignal, PauseSignal, RetrySignal, SkipSignal, SuccessSignal } from './processes/flow-signals.js';
export { TaskFailedError } from './processes/task-failed.error.js';
export { NonDeterminismError } from './flows/non-determinism.error.js';
export { Block, type BlockOptions } from './blocks/decorators/block.decorator.js';
export { Field, type FieldOptions } from './blocks/decorators/field.decorator.js';
export { Secret } from './blocks/decorators/secret.decorator.js';
export type { ProcessHandler } from './processes/process-handler.js';
export type {
  ArtifactOptions,
  JobArtifacts,
  JobContext,
  JobLogger,
  JobOutputs,
  MapOptions,
  OutputContent,
  JobStorage,
  PlainContext,
  StorageObject,
  StoragePutOptions,
  Question,
  RunProcess,
  StepContext,
} from './processes/job-context.js';
export { InputFile } from './processes/input-file.js';
export { ProcessRejection } from './processes/process-rejection.js';
export type {
  InputDescription,
  JobControlOption,
  Link,
  OgcSchema,
  OutputDescription,
  ProcessDescription,
  TransmissionMode,
} from './processes/process-description.js';
