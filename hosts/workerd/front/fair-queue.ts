/**
 * A queue in which each neighbourhood has a task before another has its second, and within it each network: one customer can get
 * thousands of networks of a neighbourhood (worker/request/network.ts), but few neighbourhoods.
 */
import { neighbourhoodOf } from "../../../worker/request/network.ts";

type Task = () => void;
/** Those with the next task first. None is empty. */
type Ring<T> = Map<string, T>;

export class FairQueue {
  readonly #waiting: Ring<Ring<Set<Task>>> = new Map();

  add(network: string, task: Task): void {
    const neighbourhood = neighbourhoodOf(network);
    const networks = this.#waiting.get(neighbourhood);
    if (networks === undefined) {
      this.#waiting.set(neighbourhood, new Map([[network, new Set([task])]]));
      return;
    }
    const tasks = networks.get(network);
    if (tasks === undefined) networks.set(network, new Set([task]));
    else tasks.add(task);
  }

  /** Removes a task that may be waiting. */
  remove(network: string, task: Task): void {
    const neighbourhood = neighbourhoodOf(network);
    const networks = this.#waiting.get(neighbourhood);
    const tasks = networks?.get(network);
    if (networks === undefined || tasks?.delete(task) !== true || tasks.size > 0) return;
    networks.delete(network);
    if (networks.size === 0) this.#waiting.delete(neighbourhood);
  }

  /** Takes the next task; undefined if there is none. */
  take(): Task | undefined {
    const networks = taken(this.#waiting);
    const tasks = networks && taken(networks[1]);
    const [task] = tasks?.[1] ?? [];
    if (networks === undefined || tasks === undefined || task === undefined) return undefined;
    tasks[1].delete(task);
    // Behind all others.
    if (tasks[1].size > 0) networks[1].set(...tasks);
    if (networks[1].size > 0) this.#waiting.set(...networks);
    return task;
  }
}

/** Takes the first out of a ring. */
function taken<T>(ring: Ring<T>): [key: string, T] | undefined {
  const [first] = ring;
  if (first !== undefined) ring.delete(first[0]);
  return first;
}
