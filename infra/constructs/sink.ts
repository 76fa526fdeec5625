import type { Binding } from './binding.ts';
import type { ForwarderScope } from './forwarder-scope.ts';

/** Where a forwarder sends: `CloudTrailLakeSink`, `CloudWatchLogsSink`, or one of your own. */
export interface Sink {
  /** Called once, by the forwarder that uses it. */
  bind(forwarder: ForwarderScope): SinkBinding;
}

/** What a sink brings to its forwarder. */
export interface SinkBinding extends Binding {
  /** Whether the function can read back what it sent, which `verify` needs. */
  readonly readable: boolean;
}
