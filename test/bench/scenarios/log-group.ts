import { setImmediate } from 'node:timers/promises';
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
/** What is done with a line costs no more than having it read. */
const TARGET_RATIO = 1;
const TARGET_GROWTH = 0.15;
const WARM_UP_PAGES = 3;
/** The least of several heaps counts: the others hold a page more, which is a third of it. */
const HEAP_PAGES = 5;
const READINGS = 20;

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
    if (read > WARM_UP_PAGES && read <= WARM_UP_PAGES + HEAP_PAGES) heaps.first.push(await heapInUse());
    if (read > WARM_UP_PAGES + pages - HEAP_PAGES) heaps.last.push(await heapInUse());
    before = process.cpuUsage();
  }
  const cpu = Math.min(...perLine);
  const reading = await readingOf(body);
  const ratio = cpu / reading - 1;
  const last = Math.min(...heaps.last);
  const growth = last / Math.min(...heaps.first) - 1;
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
        measure: 'selecting them, beside reading the page',
        target: `≤ ${TARGET_RATIO * 100} %`,
        values: { forwarder: ratio },
        show: percent,
        met: ratio <= TARGET_RATIO,
      },
      {
        scenario: '',
        measure: `heap after ${pages} pages, beside the first ${HEAP_PAGES}`,
        target: `within ${TARGET_GROWTH * 100} %`,
        values: { forwarder: growth },
        show: percent,
        met: growth <= TARGET_GROWTH,
      },
    ],
    notes: [
      `Log group: the least of ${pages} pages; a line has ${lineBytes.toFixed(0)} bytes, as it comes over the wire. ` +
        `Reading alone, which is the AWS SDK's work, takes ${micros(reading)} per line. The heap is measured after a collection, ${(last / 1e6).toFixed(0)} MB in the end. AWS gives at most 1 MB a page.`,
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

/** A log group that has this page, again and again. */
function groupOf(body: Buffer) {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'any';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'any';
  return wiredGroup(() => ({ status: 200, body }), { now: () => NOW });
}

async function* readPages(body: Buffer, count: number): AsyncGenerator<Page> {
  const source = createLogGroupSource({
    group: groupOf(body),
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

/** Microseconds of CPU per line of a page that is only asked for: the least of several. */
async function readingOf(body: Buffer): Promise<number> {
  const group = groupOf(body);
  const perLine: number[] = [];
  for (let count = 0; count < READINGS; count += 1) {
    const before = process.cpuUsage();
    await group.find({ startTime: NOW * 1000, endTime: NOW * 1000 });
    const { user, system } = process.cpuUsage(before);
    perLine.push((user + system) / LINES);
  }
  return Math.min(...perLine);
}

/** After a turn of the event loop, so that the page before is let go. */
async function heapInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  await setImmediate();
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
