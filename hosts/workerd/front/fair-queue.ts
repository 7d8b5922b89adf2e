/**
 * A queue in which each neighbourhood has a task before another has its second, and within it each network: one customer can get
 * thousands of networks of a neighbourhood (worker/request/network.ts), but few neighbourhoods.
 */
import { neighbourhoodOf } from "../../../worker/request/network.ts";
import { takeTurn } from "../../machine/take-turn.ts";

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
    return takeTurn(this.#waiting, (networks) => takeTurn(networks, takeFirst, isEmpty), isEmpty);
  }
}

const isEmpty = ({ size }: { readonly size: number }): boolean => size === 0;

function takeFirst(tasks: Set<Task>): Task | undefined {
  const [task] = tasks;
  if (task !== undefined) tasks.delete(task);
  return task;
}
