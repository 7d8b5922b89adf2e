/** `host[:port]` (RFC 3986 §3.2.2), without user information: what a Host header may be, for the edge and for what stands before it. */
export const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/i;
