/** A valid Host header, for the edge and its front: `host[:port]` (RFC 3986 §3.2.2), without user information. */
export const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/i;
