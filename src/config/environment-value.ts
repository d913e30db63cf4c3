/** The variable that a configuration file names, for instance in `{"$env": "TOKEN"}`; nothing when it is not set. */
export function environmentValue(name: string): string | undefined {
  return process.env[name];
}
