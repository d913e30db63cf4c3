import { UsageError } from '../cli-error.js';

/** One argument of `run`: which input it is for, and where its value comes from. */
export type InputArgument =
  | { readonly key: string; readonly form: 'text'; readonly text: string }
  /** `key:=JSON`: sent exactly so. */
  | { readonly key: string; readonly form: 'json'; readonly text: string }
  /** `key=@path`, with `-` for standard input; `mediaType` from `;type=`. */
  | { readonly key: string; readonly form: 'file'; readonly path: string; readonly mediaType?: string }
  /** `key=@https://...`, `@block:...`, `@s3://...`, `@upload:...`: the server fetches it. */
  | { readonly key: string; readonly form: 'reference'; readonly href: string; readonly mediaType?: string };

/** What only the server can read. A file of such a name is `@./block:...`. */
const REFERENCE = /^(https?:\/\/|s3:\/\/|block:|upload:)/i;

const ADVICE = 'Write key=value, key=@file, key=@- (standard input), key=@https://host/file or key:=JSON.';

/**
 * Reads one argument of the forms above. The first `=` ends the key; a `:` before it says that JSON follows.
 * @throws UsageError
 */
export function parseInputArgument(argument: string): InputArgument {
  const equals = argument.indexOf('=');
  const isJson = equals > 0 && argument[equals - 1] === ':';
  const key = argument.slice(0, isJson ? equals - 1 : Math.max(equals, 0));
  if (key === '') throw new UsageError(`"${argument}" is not an input.`, ADVICE);
  const rest = argument.slice(equals + 1);
  if (isJson) return { key, form: 'json', text: rest };
  if (!rest.startsWith('@')) return { key, form: 'text', text: rest };

  const [, location, mediaType] = /^@(.*?)(?:;type=([^;]+))?$/s.exec(rest) as unknown as [string, string, string?];
  if (location === '') throw new UsageError(`"${argument}" names no file.`, ADVICE);
  const type = mediaType !== undefined && { mediaType };
  return REFERENCE.test(location)
    ? { key, form: 'reference', href: location, ...type }
    : { key, form: 'file', path: location, ...type };
}
