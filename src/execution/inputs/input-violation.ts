/** Thrown while one occurrence of an input is read; `message` completes a sentence about it ("must be base64"). */
export class InputViolation extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InputViolation';
  }
}

/** Thrown when the fault lies with what a reference leads to, not with the request. */
export class UnavailableReference extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableReference';
  }
}
