/** The clients of requests that may be recorded in the audit log, or that have a token. */
interface RequestClient {
  readonly address: string;
  /** See `isEncrypted`. */
  readonly isEncrypted: boolean | null;
}

const clients = new WeakMap<Request, RequestClient>();

export function setClient(request: Request, client: RequestClient): void {
  clients.set(request, client);
}

/** Null for a request that came through the socket of the data folder, and for one that changes nothing. */
export const addressOf = (request: Request): string | null => clients.get(request)?.address ?? null;

export const wasEncrypted = (request: Request): boolean | null =>
  clients.get(request)?.isEncrypted ?? null;
