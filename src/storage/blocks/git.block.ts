import { IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { Secret } from '../../blocks/decorators/secret.decorator.js';
import type { GitStorage } from '../git/git-storage.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

/** The files of a git repository, at a branch, tag or commit; they can only be read. */
@Block({ type: 'git', title: 'Git repository', description: 'Files of a git repository; they can only be read' })
export class GitBlock extends StorageBlock {
  @Field({
    title: 'URL',
    description: 'http(s) URL, or a file URL or absolute path of a repository of this machine',
    destination: true,
  })
  @Matches(/^(https?:\/\/[^\s/@]+\/\S*|file:\/\/\/\S+|\/\S+)$/)
  url!: string;

  @Field({ title: 'Ref', description: 'Branch, tag or the whole id of a commit; absent: the HEAD of the repository' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  ref?: string;

  @Field({ title: 'Path', description: 'Directory of the repository below which the files lie' })
  @IsOptional()
  @IsString()
  path?: string;

  @Field({ title: 'User name' })
  @IsOptional()
  @IsString()
  username?: string;

  @Field({ title: 'Token' })
  @Secret()
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  token?: string;

  async open(tools: StorageBlockTools): Promise<GitStorage> {
    const { GitStorage } = await import('../git/git-storage.js');
    const { url, ref, path, username, token } = this;
    return new GitStorage({ url, ref, path, username, token }, tools);
  }
}
