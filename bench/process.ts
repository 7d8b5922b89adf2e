/** What a process and those that it has started take of the machine, from /proc (Linux). */
import { readdirSync, readFileSync } from "node:fs";

/** The process and its descendants: a mesh by workerd is two, and whatever they start. */
function tree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return [pid, ...children.filter((each) => each !== "").flatMap((each) => tree(Number(each)))];
}

const sum = (pid: number, of: (pid: number) => number): number =>
  tree(pid).reduce((all, each) => all + of(each), 0);

/**
 * Processor time of all threads, user and system, in milliseconds. From `schedstat`, which counts nanoseconds;
 * `stat` counts steps of 10 ms.
 */
export const cpuMs = (pid: number): number => sum(pid, ownCpuMs);

function ownCpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    nanoseconds += Number(ran);
  }
  return nanoseconds / 1e6;
}

/** Resident memory in KiB. */
export const residentKb = (pid: number): number =>
  sum(pid, (each) => {
    const status = readFileSync(`/proc/${each}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  });

/** Open file descriptors. */
export const descriptors = (pid: number): number =>
  sum(pid, (each) => readdirSync(`/proc/${each}/fd`).length);
