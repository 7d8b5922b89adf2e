/** The options of `npm start`, as every host reads them. */
import { describe, expect, test } from "vitest";
import { HOST_NAMES } from "../../../hosts/machine/host.ts";
import { parseOptions } from "../../../hosts/machine/options.ts";

describe.each(HOST_NAMES)("wrong options of %s are named", (host) => {
  test.each([
    [["--port", "http"], /--port http: give a number/],
    [["--port", "65536"], /--port 65536: give a number/],
    [["--prt", "1"], /--prt/],
    [["--host", "0.0.0.0"], /--host 0\.0\.0\.0: give deno or workerd; the address .* is --listen/],
    [
      ["--host", host === "deno" ? "workerd" : "deno"],
      /--host \w+: this is \w+; npx pushmesh serve/,
    ],
    [["--trust-proxy", "10.0.0.0/33"], /--trust-proxy 10\.0\.0\.0\/33: give an address or a CIDR/],
    [["--trust-proxy", ","], /--trust-proxy: give addresses/],
    [["--tls-key", "key.pem"], /--tls-cert and --tls-key go together/],
  ])("%j", (args, expected) => {
    expect(() => parseOptions(args, host)).toThrow(expected);
  });
});
