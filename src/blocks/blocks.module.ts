import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BlockAssembly } from './block-assembly.js';
import { BlockContents } from './block-content.js';
import { BlockExplorer } from './block-explorer.js';
import { BlockInputs } from './block-inputs.js';
import { BlockRegistry } from './block-registry.js';
import { BlockSecrets } from './block-secrets.js';
import { Blocks } from './blocks.js';
import { BlocksFile } from './file/blocks-file.js';
import { SecretKeys } from './secrets/secret-keys.js';
import { BlockRows } from './store/block-rows.js';
import { AwsCredentialsBlock } from './types/aws-credentials.block.js';
import { JsonBlock } from './types/json.block.js';
import { SecretBlock } from './types/secret.block.js';

/** Typed, named, stored configuration. Types are the classes with `@Block()` among the providers of all modules. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...[BlockExplorer, BlockRegistry, BlockRows, BlockAssembly, BlockContents, BlockSecrets, SecretKeys, Blocks],
    BlockInputs,
    BlocksFile,
    ...[SecretBlock, JsonBlock, AwsCredentialsBlock],
  ],
  exports: [Blocks, BlockInputs, BlockContents, BlockRegistry, BlockRows, SecretKeys],
})
export class BlocksModule {}
