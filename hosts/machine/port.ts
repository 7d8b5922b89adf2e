/** The address to listen on. */
import { createServer } from "node:net";
import { HostFailure } from "./failure.ts";

const FOREIGN = "is no address of this machine; choose one with --listen";
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another process; choose one with --port",
  EACCES: "may not be used by this user; choose one above 1023 with --port",
  EADDRNOTAVAIL: FOREIGN,
  // Deno's code for EADDRNOTAVAIL.
  EINVAL: FOREIGN,
  ENOTFOUND: FOREIGN,
};

/** `host:port`, with an IPv6 address in brackets. */
export function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * Checks that the address can be listened on: workerd would only print a stack.
 *
 * @throws {HostFailure} naming the reason why not
 */
export function requireFree(host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ""] ?? `cannot be used: ${error.message}`;
      fail(new HostFailure(`${authority(host, port)} ${reason}`));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => done()));
  });
}
