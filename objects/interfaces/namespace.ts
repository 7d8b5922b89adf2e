/**
 * What is used of a Durable Object namespace. Not the runtime's own type: that one spreads an answer's union over
 * promises until `ok` no longer tells its halves apart, and a host other than workerd could not give it.
 */
export interface ObjectNamespace<Rpc> {
  /** A fresh stub of the object of this name. It touches nothing yet. */
  getByName(name: string): Rpc;
}
