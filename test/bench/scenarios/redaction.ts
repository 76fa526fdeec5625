import { DEFAULT_REDACT_KEYS } from '../../../lambda/redact/default-keys.ts';
import { isJson } from '../../../lambda/redact/is-json.ts';
import { beginningOf, createRedactor, READ_CHARACTERS } from '../../../lambda/redact/redactor.ts';
import { hostilePayloads } from '../../redact/hostile-payloads.ts';
import { type Scenario, thousands } from '../scenario.ts';

const TARGET_MS = 50;
const TARGET_RATIO = 15;
const ROUNDS = 8;
/** A round is about this long: CPU time is not counted finely everywhere. */
const ROUND_MS = 20;
const SLOWEST_SHOWN = 5;

const ORDINARY = JSON.stringify({
  name: 'openid-connect',
  config: {
    issuer: 'https://idp.example.com/.well-known/openid-configuration',
    client_id: ['kong'],
    client_secret: ['hunter2'],
    redirect_uri: ['https://app.example.com/callback?next=/'],
    scopes: ['openid', 'email'],
    auth_methods: ['authorization_code', 'session'],
    session_secret: 'hunter2',
    redis: { host: 'redis.example.com', port: 6379, password: 'hunter2' },
  },
  enabled: true,
});

interface Timed {
  readonly name: string;
  readonly ms: number;
  /** How many times as long as `JSON.parse` takes for the same text; if it is no JSON, as a string. */
  readonly ratio: number;
}

/** The longest that redaction of one payload keeps the event loop, and what it costs ordinarily. In this process, no bundle. */
export const redaction: Scenario = (_, { say }) => {
  say('redaction: hostile payloads');
  const redactor = createRedactor(DEFAULT_REDACT_KEYS);
  const redact = (text: string) => redactor.payload(beginningOf(text)).text.length;
  const time = (name: string, text: string): Timed => {
    const json = isJson(text) ? text : JSON.stringify(text);
    const ms = least(() => redact(text));
    return { name, ms, ratio: ms / least(() => JSON.parse(json) as unknown) };
  };
  const hostile = hostilePayloads(READ_CHARACTERS).map(([name, text]) => time(name, text));
  const [slowest = { name: '', ms: NaN, ratio: NaN }, ...others] = hostile.toSorted((a, b) => b.ms - a.ms);
  const ordinary = time('ordinary', ORDINARY);
  const times = (value: number) => `${value.toFixed(1)} times`;
  return Promise.resolve({
    rows: [
      {
        scenario: `redaction: ${hostile.length} hostile payloads of ${thousands(READ_CHARACTERS)} characters`,
        measure: 'CPU of the slowest',
        target: `≤ ${TARGET_MS} ms`,
        values: { forwarder: slowest.ms },
        show: (value) => `${value.toFixed(1)} ms`,
        met: slowest.ms <= TARGET_MS,
      },
      {
        scenario: '',
        measure: "a plugin's configuration, beside JSON.parse",
        target: `≤ ${TARGET_RATIO} times`,
        values: { forwarder: ordinary.ratio },
        show: times,
        met: ordinary.ratio <= TARGET_RATIO,
      },
    ],
    notes: [
      `Redaction: CPU, garbage collection included, the least of ${ROUNDS - 1} rounds. The configuration has ${ORDINARY.length} ` +
        `characters and took ${(ordinary.ms * 1000).toFixed(1)} µs. The slowest hostile payloads are made of ` +
        `${[slowest, ...others.slice(0, SLOWEST_SHOWN - 1)].map(({ name, ms, ratio }) => `${name} (${ms.toFixed(1)} ms, ${times(ratio)} JSON.parse)`).join(', ')}.`,
    ],
  });
};

/** Milliseconds of CPU that one call takes, garbage collection included: the least of several rounds. */
function least(call: () => unknown): number {
  let calls = 1;
  let leastMs = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < calls; index += 1) call();
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000 / calls;
    if (round > 0) leastMs = Math.min(leastMs, ms);
    calls = Math.ceil(ROUND_MS / Math.max(ms, 0.001));
  }
  return leastMs;
}
