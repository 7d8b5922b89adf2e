/**
 * What the mesh uses of a Durable Object namespace. The runtime's own type would distribute an answer's union over promises, so that `ok` no
 * longer tells its members apart, and hosts other than workerd could not provide it.
 */
export interface ObjectNamespace<Rpc> {
  /** Makes a stub of the object of this name. The object is not called yet. */
  getByName(name: string): Rpc;
}
