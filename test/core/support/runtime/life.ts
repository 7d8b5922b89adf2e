/** One life of a process. When it is killed, nothing in it runs on, as far as anybody can see. */

export const never = <Value>(): Promise<Value> => new Promise<Value>(() => {});

export class Life {
  #isDead = false;
  readonly #death = Promise.withResolvers<void>();

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Resolves when it is killed. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  kill(): void {
    this.#isDead = true;
    this.#death.resolve();
  }

  /** Settles as the promise does, and never once the process is dead: nobody hears from it then. */
  async fence<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await promise;
    } finally {
      if (this.#isDead) await never();
    }
  }

  /** What an object in it answers others: they are told where it dies meanwhile. */
  answer<Value>(promise: Promise<Value>): Promise<Value> {
    const dead = this.death.then(() => Promise.reject(new Error("the object died")));
    return Promise.race([this.fence(promise), dead]);
  }

  /** A call that begins in this life: of a dead process none does. */
  call<Value>(run: () => Promise<Value>): Promise<Value> {
    return this.#isDead ? never() : this.fence(run());
  }
}
