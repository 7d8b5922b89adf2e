/** An object that is called by the names of its methods; arguments go over as plain data. */
export const peerOf = <Rpc extends object>(
  call: (method: keyof Rpc, ...args: unknown[]) => Promise<unknown>,
): Rpc =>
  new Proxy({} as Rpc, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        call(method as keyof Rpc, ...structuredClone(args)),
  });
