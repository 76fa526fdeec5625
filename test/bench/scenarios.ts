import type { Scenario } from './scenario.ts';
import { catchUp } from './scenarios/catch-up.ts';
import { catchUpLogs } from './scenarios/catch-up-logs.ts';
import { coldStart } from './scenarios/cold-start.ts';
import { cost } from './scenarios/cost.ts';
import { hourly } from './scenarios/hourly.ts';
import { ledger } from './scenarios/ledger.ts';
import { logGroup } from './scenarios/log-group.ts';
import { memory } from './scenarios/memory.ts';
import { redaction } from './scenarios/redaction.ts';

/** By the name that `--scenario` takes. */
export const SCENARIOS = {
  hourly,
  'catch-up': catchUp,
  'catch-up-logs': catchUpLogs,
  cost,
  memory,
  ledger,
  'cold-start': coldStart,
  redaction,
  'log-group': logGroup,
} as const satisfies Readonly<Record<string, Scenario>>;
