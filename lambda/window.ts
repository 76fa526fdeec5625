/** A stretch of Kong time, `[after, before)` in epoch seconds. `resend` asks for entries that were forwarded already, too. */
export interface Window {
  readonly after: number;
  readonly before: number;
  readonly resend?: true;
}
