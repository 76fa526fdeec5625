/** What a run counts while it works; the summary and the metrics are made from it. */
export interface Tally {
  /** Entries read that lie in what the run was asked for. */
  fetched: number;
  forwarded: number;
  duplicates: number;
  own: number;
  quarantined: number;
  pages: number;
  /** PutAuditEvents requests, retries included. */
  puts: number;
  /** Events and requests CloudTrail throttled. */
  putThrottled: number;
  /** Entries left without outcome because CloudTrail did not take them, with the latest reason. */
  undelivered: number;
  undeliveredReason: string;
}

export const newTally = (): Tally => ({
  fetched: 0,
  forwarded: 0,
  duplicates: 0,
  own: 0,
  quarantined: 0,
  pages: 0,
  puts: 0,
  putThrottled: 0,
  undelivered: 0,
  undeliveredReason: '',
});
