/** Every path and its methods: a request for a path with another method is refused from this list. */
export const METHODS = {
  "/": "GET",
  "/healthz": "GET",
  "/v1/devices": "POST",
  "/v1/connect": "GET",
  "/v1/messages": "POST",
  "/v1/messages/:id": "GET",
  // GET is of the tag that is called so.
  "/v1/tags/members": "GET, POST",
  "/v1/tags": "GET",
  "/v1/tags/:tag": "GET",
  "/v1/tags/:tag/live": "PUT",
  "/v1/aliases": "POST",
  "/v1/aliases/:alias": "GET",
  "/v1/registrations/:regId": "GET",
  "/v1/apps/:appId/tags/:tag/live": "GET",
  "/v1/apps/:appId/live-key": "GET",
  "/v1/apps": "GET, POST",
  "/v1/apps/:appId": "DELETE, GET",
  "/v1/apps/:appId/keys": "POST",
  "/v1/apps/:appId/keys/:keyId": "DELETE",
} as const;
