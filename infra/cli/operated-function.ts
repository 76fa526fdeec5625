/** The function that a command operates: deployed in AWS, or in this process. */
export interface OperatedFunction {
  /** For people: `kong-cloudtrail-integration in eu-west-1`. */
  readonly name: string;

  /**
   * Invokes it and waits for the answer.
   *
   * @param repeatable whether a lost connection may be answered by asking again, because nothing is written. Default false.
   * @throws {FunctionError} the function failed
   * @throws {UnreachableError} it could not be asked, or its answer was lost
   */
  invoke(payload: object, options?: { readonly repeatable?: boolean; readonly signal?: AbortSignal }): Promise<unknown>;

  /** Invokes it without waiting for more than that the invocation was taken. @throws {UnreachableError} it was not taken */
  start(payload: object): Promise<Started>;

  /**
   * Ends in order what is under way, so that it saves what it did and gives the lock back. Absent where that goes on without this
   * process. Never rejects.
   */
  end?(): Promise<void>;

  close(): void;
}

export interface Started {
  /** The holder of the lock is called `<requestId>/…` while this invocation works. */
  readonly requestId: string;
  /** Why this invocation failed, where that can be known; Lambda does not tell it of an asynchronous one. */
  failure(): Error | null;
}
