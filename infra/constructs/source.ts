import type { Duration } from 'aws-cdk-lib';
import type { Binding } from './binding.ts';
import type { ForwarderScope } from './forwarder-scope.ts';

/** Where a forwarder reads: `KongSource`, `LogGroupSource`, or one of your own. */
export interface Source {
  /** Called once, by the forwarder that uses it. */
  bind(forwarder: ForwarderScope): SourceBinding;
}

/** What a source brings to its forwarder. */
export interface SourceBinding extends Binding {
  /** How long the source keeps an entry, unless the forwarder is told otherwise. */
  readonly retention: Duration;

  /** Whether every call must say who makes it. Then a write by nobody is worth an alarm. */
  readonly authenticated: boolean;

  /**
   * How to save by hand what the source is about to drop: completes "If that takes longer, …".
   *
   * @default - nothing can be done by hand
   */
  readonly rescue?: string;
}
