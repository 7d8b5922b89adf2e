/** The clients of requests that may be recorded in the audit log. */
const addresses = new WeakMap<Request, string>();

export function setAddress(request: Request, address: string): void {
  addresses.set(request, address);
}

/** Null for a request that came through the socket of the data folder, and for one that changes nothing. */
export const addressOf = (request: Request): string | null => addresses.get(request) ?? null;
