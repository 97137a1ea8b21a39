/** Something is wrong with the engine, not with the mathematics: the message says what, and what to run. */
export class EngineError extends Error {
  /** `EngineError`, in messages and to tell errors apart. */
  override name = 'EngineError';
}
