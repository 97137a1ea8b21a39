/** What went wrong with data: `code` is for programs, the message for readers. */
export type DataErrorCode = 'format' | 'checksum' | 'network' | 'folder' | 'manifest' | 'stopped' | 'argument';

/**
 * Every failure of this room. The message says what was given, what was wanted and what to do about it.
 */
export class DataError extends Error {
  /** `DataError`, in messages and to tell errors apart. */
  override readonly name = 'DataError';

  /**
   * @param code kind of failure, for programs
   * @param message what was given, what was wanted, what to do
   * @param cause the error below this one, if any
   */
  constructor(
    readonly code: DataErrorCode,
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
}
