/** Why a step failed, in a form that can be kept and thrown again at a replay. */
export interface ProcessFault {
  /** name of the error's class */
  readonly name: string;
  readonly message: string;
  /** of a ProcessRejection: the input that is to blame */
  readonly input?: string;
}
