/**
 * Thrown by a process to say that the fault lies in its inputs, for instance a file of the wrong kind. The job fails
 * with status code 400 on its results instead of 500, and the message is shown to the client as it is.
 */
export class ProcessRejection extends Error {
  /** @param input id of the input at fault, shown as a JSON pointer */
  constructor(
    message: string,
    readonly input?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ProcessRejection';
  }
}
