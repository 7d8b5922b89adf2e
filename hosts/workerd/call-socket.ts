/** Requests to workerd by its Unix sockets. */
import { type RequestOptions, request } from "node:http";
import { HostFailure } from "../machine/failure.ts";

/**
 * Makes a request by a Unix socket.
 *
 * @param options without a `timeout`, the call waits as long as the answer takes
 * @throws Error if the answer is not 200, or after the timeout
 */
export function callSocket(options: RequestOptions, body = ""): Promise<void> {
  return new Promise((done, fail) => {
    // Node's default agent has a timeout of 5 s: a start that took longer, on a busy machine, ended the mesh with a stack.
    const call = request({ agent: false, ...options }, (answer) => {
      const said: Buffer[] = [];
      answer.on("data", (bytes: Buffer) => said.push(bytes));
      answer.on("end", () => {
        if (answer.statusCode === 200) done();
        else
          fail(new HostFailure(`the mesh answered ${answer.statusCode}: ${Buffer.concat(said)}`));
      });
      answer.on("error", fail);
    });
    call.on("timeout", () => call.destroy(new HostFailure("the mesh did not answer in time")));
    call.on("error", fail);
    call.end(body);
  });
}
