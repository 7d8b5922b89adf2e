/** The WHATWG Encoding API and URL, and `btoa` of HTML: the only host interfaces that schema/ and core/ use; every JavaScript host has them. */
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}
declare function btoa(data: string): string;
declare class URL {
  constructor(url: string);
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  /** IPv6 in brackets. */
  readonly hostname: string;
  readonly port: string;
  readonly hash: string;
}
