import type { Redactor } from '../redact/redactor.ts';
import type { Activity } from './activity.ts';

/** What of the configuration a run goes by. */
export interface RunSettings {
  readonly overlapSeconds: number;
  readonly auditTtlSeconds: number;
  readonly ttlGraceSeconds: number;
  readonly putConcurrency: number;
  readonly redactor: Redactor;
  /** The operator's filters. */
  readonly isIgnored: (activity: Activity) => boolean;
}
