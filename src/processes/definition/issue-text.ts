/** An issue of zod in a sentence that says how to mend it. */
export function issueText(issue: {
  code: string;
  message: string;
  keys?: unknown;
  issues?: { message: string }[];
}): string {
  if (issue.code === 'unrecognized_keys') {
    return `has members that no description has: ${(issue.keys as string[]).join(', ')}; remove them.`;
  }
  if (issue.code === 'invalid_key' && issue.issues?.[0]) return `${issue.issues[0].message}.`;
  return issue.message.endsWith('.') ? issue.message : `${issue.message}.`;
}
