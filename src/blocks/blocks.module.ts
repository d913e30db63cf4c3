import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BlockAssembly } from './block-assembly.js';
import { BlockExplorer } from './block-explorer.js';
import { BlockRegistry } from './block-registry.js';
import { BlockSecrets } from './block-secrets.js';
import { Blocks } from './blocks.js';
import { SecretKeys } from './secrets/secret-keys.js';
import { BlockRows } from './store/block-rows.js';
import { AwsCredentialsBlock } from './types/aws-credentials.block.js';
import { JsonBlock } from './types/json.block.js';
import { SecretBlock } from './types/secret.block.js';

/** Typed, named, stored configuration. Types are the classes with `@Block()` among the providers of all modules. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...[BlockExplorer, BlockRegistry, BlockRows, BlockAssembly, BlockSecrets, SecretKeys, Blocks],
    ...[SecretBlock, JsonBlock, AwsCredentialsBlock],
  ],
  exports: [Blocks, BlockRegistry, SecretKeys],
})
export class BlocksModule {}
