/**
 * The AWS SDK prints a warning about the Node.js versions of its future, which the operators of this service can do
 * nothing about: versions are pinned. There is no other switch than the environment.
 */
export function silenceAwsVersionWarning(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
}
