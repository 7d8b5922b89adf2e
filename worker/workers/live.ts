/** Opens live listeners on Workers: the live node's object accepts the socket, or writes the stream. */
import { type LiveName, liveObjectName, locationOf } from "../../core/tag/name.ts";
import { LIVE_ERROR_HEADER, listenHeaders } from "../../objects/interfaces/connections.ts";
import { ERRORS, type ErrorCode, MeshError } from "../../schema/errors.ts";
import { callObject } from "../calls/objects.ts";
import type { ListenHost } from "../live/host.ts";
import { closedSocket } from "./closed-socket.ts";

/** Live nodes, which are called by `fetch` and may be created near their listeners. */
interface LiveNamespace {
  getByName(
    name: string,
    options?: DurableObjectNamespaceGetDurableObjectOptions,
  ): Pick<Fetcher, "fetch">;
}

/** Where the live node of a continent is created. Cloudflare has no hint for some continents. */
const HINTS: Readonly<Record<string, DurableObjectLocationHint>> = {
  af: "afr",
  an: "oc",
  as: "apac",
  eu: "weur",
  na: "enam",
  oc: "oc",
  sa: "sam",
};
const REGION = /^[a-z]{2}$/;
const NOWHERE = "local";

/** @throws MeshError with the code of the node's refusal */
function refusalOf(code: string | null, detail: string): never {
  if (code === null || !Object.hasOwn(ERRORS, code)) throw new MeshError("internal", detail);
  throw new MeshError(code as ErrorCode, detail);
}

export function workersLive(nodes: LiveNamespace): ListenHost {
  return {
    regionOf(request) {
      const continent = (request as Request<unknown, IncomingRequestCfProperties>).cf?.continent;
      const region = continent?.toLowerCase() ?? "";
      return REGION.test(region) ? region : NOWHERE;
    },

    async open(request, node: LiveName, listen) {
      const headers = listenHeaders(listen);
      const hint = HINTS[locationOf(node.region)];
      const options = hint === undefined ? {} : { locationHint: hint };
      const answer = await callObject(() =>
        nodes.getByName(liveObjectName(node), options).fetch(request.url, { headers }),
      );
      if (answer.status !== 503) return answer;
      return refusalOf(answer.headers.get(LIVE_ERROR_HEADER), await answer.text());
    },

    refuse: (_request, error, protocol) => closedSocket(error, protocol),
  };
}
