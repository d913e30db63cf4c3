/** How the program ends; scripts rely on these numbers, so they never change their meaning. */
export const ExitCode = {
  ok: 0,
  /** Wrong usage, or no answer from the server: nothing is known to have happened. */
  usage: 1,
  /** The server answered with a problem. */
  problem: 2,
  jobFailed: 3,
  jobDismissed: 4,
  /** Gave up waiting (`--timeout`); the job goes on. */
  timedOut: 5,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** One of the numbers of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The same numbers, for the help of the commands that use them. */
export const EXIT_CODE_HELP = `
Exit codes:
  0    done
  1    wrong usage, or the server cannot be reached
  2    the server answered with a problem
  3    the job failed
  4    the job was dismissed
  5    gave up waiting (--timeout); the job goes on
  130  interrupted; the job goes on`;
