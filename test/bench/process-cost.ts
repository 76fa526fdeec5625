import { readdirSync, readFileSync } from 'node:fs';

/** What a program has taken since it started. */
export interface ProcessCost {
  /** User and system time of all its processes, also of those that have ended. Counted in steps of 10 ms. */
  readonly cpuMs: number;
  /** Of its largest process. */
  readonly peakRssBytes: number;
}

/** Kernel ticks, as /proc shows them, are hundredths of a second on every Linux (proc(5), time(7)). */
const MS_PER_TICK = 10;

/** What the processes of a process group have taken. Linux only: it reads /proc. @throws on other systems */
export function costOfGroup(group: number): ProcessCost {
  if (process.platform !== 'linux')
    throw new Error(`What another program takes is read from /proc, which ${process.platform} has not: use Linux.`);
  const members = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, stat: statOf(pid) }))
    .filter(({ stat }) => stat?.group === group);
  return {
    cpuMs: members.reduce((sum, { stat }) => sum + (stat?.ticks ?? 0), 0) * MS_PER_TICK,
    peakRssBytes: Math.max(0, ...members.map(({ pid }) => peakRssBytes(pid))),
  };
}

/** Group, and ticks of the process and of its children that have ended; null when the process is gone. */
function statOf(pid: string): { readonly group: number; readonly ticks: number } | null {
  const text = read(`/proc/${pid}/stat`);
  // The name of the program may hold spaces and brackets; the fields begin behind it with the state, the third one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 15) return null;
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return { group: Number(fields[2]), ticks: (utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0) };
}

function peakRssBytes(pid: string): number {
  const [, kilobytes = 0] = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
