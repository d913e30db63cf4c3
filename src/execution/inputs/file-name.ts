/** Characters of a name that is kept; with an ending of any length it still fits a file system. */
const LONGEST = 100;

/**
 * The name of a file that a URL leads to: its last path segment, with nothing in it that is special in a path.
 * @returns nothing when that segment is empty or no name
 */
export function fileNameOf(href: string): string | undefined {
  const segment = URL.canParse(href) ? new URL(href).pathname.split('/').at(-1)! : '';
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    text = segment;
  }
  return cleaned(text);
}

/**
 * The name of a file as a client gave it, without the directories before it and with nothing in it that is special in a
 * path.
 * @returns nothing when it is no name
 */
export function safeFileName(text: string): string | undefined {
  return cleaned(text.split(/[\\/]/).at(-1)!);
}

function cleaned(text: string): string | undefined {
  const name = text
    .replace(/[^\p{L}\p{N}._ -]+/gu, '_')
    .replace(/^[. ]+/, '')
    .slice(0, LONGEST)
    .toWellFormed()
    .replace(/[. ]+$/, '');
  return name === '' ? undefined : name;
}
