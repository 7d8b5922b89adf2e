/** Calls from the benchmark to its client processes, which have processor time of their own to be counted. */
import { type ChildProcess, fork } from "node:child_process";

/** The functions a client process offers. */
export type Calls = Record<string, (...args: never[]) => Promise<unknown>>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: never[];
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Serves calls in a client process, for as long as its parent lives. */
export function serve(calls: Calls): void {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ id, name, args }: Call) => {
    let reply: Reply;
    try {
      const call = calls[name];
      if (call === undefined) throw new Error(`no call ${name}`);
      reply = { id, value: await call(...args) };
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : `${error}` };
    }
    process.send?.(reply);
  });
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A client process, seen from the benchmark. */
export class Client<C extends Calls> {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** @param file a module that calls `serve` */
  constructor(file: URL) {
    this.#child = fork(file, { serialization: "advanced" });
    this.#child.on("message", (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ("error" in reply) pending?.reject(new Error(reply.error));
      else pending?.resolve(reply.value);
    });
    this.#child.on("exit", (code, signal) => {
      const error = new Error(`${file.pathname} ended: ${signal ?? code}`);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    });
  }

  /** @throws Error that the process threw, or where it ended. */
  call<Name extends keyof C & string>(
    name: Name,
    ...args: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      this.#child.send({ id, name, args });
    });
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}
