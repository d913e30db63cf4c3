// The published surface: what an application that embeds Sluice, or a package of processes, may import.
export { SluiceModule, type SluiceOptions } from './sluice.module.js';
export { InvalidSettingsError, Settings } from './config/settings.js';
export { loadSettings, type SettingOverrides } from './config/load-settings.js';
export { Process } from './processes/decorators/process.decorator.js';
export { Input } from './processes/decorators/input.decorator.js';
export { Output } from './processes/decorators/output.decorator.js';
export type {
  DescribedProcessOptions,
  InputOptions,
  OutputDefinition,
  OutputOptions,
  ProcessFileOptions,
  ProcessOptions,
} from './processes/decorators/process-options.js';
export type { ProcessHandler } from './processes/process-handler.js';
export type { JobContext, JobLogger, JobOutputs, OutputContent } from './processes/job-context.js';
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
