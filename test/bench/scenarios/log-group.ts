import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Page } from '../../../lambda/pipeline/source.ts';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { createLogGroupSource } from '../../../lambda/sources/log-group/source.ts';
import { auditLine, readingLine } from '../../sources/log-group/lines.ts';
import { wiredGroup } from '../../sources/log-group/network.ts';
import { micros, type Scenario, thousands } from '../scenario.ts';

const LINES = 10_000;
const WANTED = 20;
const NOW = 1_794_657_600;
const TARGET_MICROS = 15;
const TARGET_RATIO = 5;
const TARGET_GROWTH = 0.15;
const WARM_UP_PAGES = 3;
/** Bodies that are done with are let go one page sooner or later: the largest of several heaps counts. */
const HEAP_PAGES = 5;

/**
 * What it costs to read a cluster's log, of which hardly a line is wanted: from the answer's bytes to the items, with the AWS SDK but
 * without sockets. In this process, no bundle.
 */
export const logGroup: Scenario = async (_, { say, quick }) => {
  const pages = quick ? 10 : 60;
  say(`log group: ${pages} pages of ${thousands(LINES)} lines`);
  const body = pageOfLines();
  const lineBytes = body.length / LINES;
  const heaps = { first: [] as number[], last: [] as number[] };
  const perLine: number[] = [];
  let read = 0;
  let before = process.cpuUsage();
  for await (const { items, ignored = 0 } of readPages(body, pages + WARM_UP_PAGES)) {
    const { user, system } = process.cpuUsage(before);
    if (items.length !== WANTED || ignored !== LINES - WANTED) throw new Error(`a page gave ${items.length} items`);
    read += 1;
    if (read > WARM_UP_PAGES) perLine.push((user + system) / LINES);
    if (read > WARM_UP_PAGES && read <= WARM_UP_PAGES + HEAP_PAGES) heaps.first.push(heapInUse());
    if (read > WARM_UP_PAGES + pages - HEAP_PAGES) heaps.last.push(heapInUse());
    before = process.cpuUsage();
  }
  const cpu = Math.min(...perLine);
  const ratio = cpu / parsingOf(body);
  const last = Math.max(...heaps.last);
  const growth = last / Math.max(...heaps.first) - 1;
  return {
    rows: [
      {
        scenario: `log group: pages of ${thousands(LINES)} lines, ${WANTED} of them wanted`,
        measure: 'CPU per line read',
        target: `≤ ${TARGET_MICROS} µs`,
        values: { forwarder: cpu },
        show: micros,
        met: cpu <= TARGET_MICROS,
      },
      {
        scenario: '',
        measure: 'beside JSON.parse of the same page',
        target: `≤ ${TARGET_RATIO} times`,
        values: { forwarder: ratio },
        show: (value) => `${value.toFixed(1)} times`,
        met: ratio <= TARGET_RATIO,
      },
      {
        scenario: '',
        measure: `heap after ${pages} pages, beside the first ${HEAP_PAGES}`,
        target: `within ${TARGET_GROWTH * 100} %`,
        values: { forwarder: growth },
        show: (value) => `${(value * 100).toFixed(0)} %`,
        met: growth <= TARGET_GROWTH,
      },
    ],
    notes: [
      `Log group: the least of ${pages} pages; a line has ${lineBytes.toFixed(0)} bytes, as it comes over the wire. ` +
        `The heap is measured after a collection, ${(last / 1e6).toFixed(0)} MB in the end. AWS gives at most 1 MB a page.`,
    ],
  };
};

function pageOfLines(): Buffer {
  const events = Array.from({ length: LINES }, (_, index) => {
    const at = NOW * 1000 - index;
    const message =
      index % (LINES / WANTED) === 0 ? auditLine({}, at) : readingLine({ auditID: crypto.randomUUID() }, at);
    return {
      eventId: String(index).padStart(56, '3'),
      timestamp: at,
      ingestionTime: at + 4000,
      logStreamName: 'kube-apiserver-audit-1',
      message,
    };
  });
  return Buffer.from(JSON.stringify({ events, searchedLogStreams: [], nextToken: 'more' }));
}

async function* readPages(body: Buffer, count: number): AsyncGenerator<Page> {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'any';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'any';
  const source = createLogGroupSource({
    group: wiredGroup(() => ({ status: 200, body }), { now: () => NOW }),
    format: kubernetesAudit(DEFAULT_SELECTION, 'prod'),
    lookbackSeconds: 604_800,
    overlapSeconds: 3600,
    log: { warn: () => undefined },
  });
  const opened = await source.open();
  let given = 0;
  for await (const page of opened.pages([{ after: NOW - 3600, before: NOW + 1 }])) {
    yield page;
    given += 1;
    if (given === count) return;
  }
}

/** Microseconds of CPU per line that the engine's own parser takes: the least of several rounds. */
function parsingOf(body: Buffer): number {
  const rounds = Array.from({ length: 8 }, () => {
    const before = process.cpuUsage();
    JSON.parse(body.toString());
    const { user, system } = process.cpuUsage(before);
    return (user + system) / LINES;
  });
  return Math.min(...rounds);
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
