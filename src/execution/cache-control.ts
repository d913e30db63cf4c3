/** Whether a request's `Cache-Control` has a directive (RFC 9111 section 5.2); names of directives have no case. */
export function hasDirective(header: string | undefined, directive: string): boolean {
  return header?.split(',').some((part) => part.split('=', 1)[0].trim().toLowerCase() === directive) ?? false;
}
