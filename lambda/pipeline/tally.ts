/** What a run counts while it works; the summary and the metrics are made from it. */
export interface Tally {
  /** Entries read that lie in what the run was asked for. */
  fetched: number;
  forwarded: number;
  duplicates: number;
  own: number;
  /** Left out by the operator's filters or the source's selection. */
  ignored: number;
  quarantined: number;
  /** Tried again by a replay, in vain. */
  requarantined: number;
  pages: number;
  /** Requests to the sink that carry events, retries included. */
  puts: number;
  /** Events and requests the sink throttled. */
  putThrottled: number;
  /** Entries left without outcome because the sink did not take them, with the latest reason. */
  undelivered: number;
  undeliveredReason: string;
  /** Of those, the ones the sink refused for a reason that no document names. */
  doubtful: number;
  /** Of what was forwarded: requests for a change, refused ones (401, 403), failed ones (5xx), changes by nobody known. */
  writes: number;
  denied: number;
  errors: number;
  anonymousWrites: number;
}

export const newTally = (): Tally => ({
  fetched: 0,
  forwarded: 0,
  duplicates: 0,
  own: 0,
  ignored: 0,
  quarantined: 0,
  requarantined: 0,
  pages: 0,
  puts: 0,
  putThrottled: 0,
  undelivered: 0,
  undeliveredReason: '',
  doubtful: 0,
  writes: 0,
  denied: 0,
  errors: 0,
  anonymousWrites: 0,
});
