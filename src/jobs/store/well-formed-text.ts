/**
 * Text as PostgreSQL's `text` type can hold it: a NUL or a lone surrogate becomes the replacement character.
 * JSON columns need no such care, they keep both as escapes.
 */
export function wellFormedText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}
