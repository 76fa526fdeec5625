import { awsProblem } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';

/** ResourceNotFoundException for a group; only the message tells it from a stream. */
export function missingGroup(): AwsProblem {
  return awsProblem('ResourceNotFoundException', 'The specified log group does not exist.');
}

/** ResourceNotFoundException for a stream. */
export function missingStream(): AwsProblem {
  return awsProblem('ResourceNotFoundException', 'The specified log stream does not exist.');
}
