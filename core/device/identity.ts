/** Turns apps into what devices and senders see, and back. */
export interface DeviceIdentity {
  /** What a registration of an app on this device is called; `identity` is the same whichever key seals its regId. */
  registration(
    app: string,
    generation: number,
  ): { readonly regId: string; readonly identity: string };
  /** The public appId of an app. */
  appId(app: string): string;
  /** The app behind an appId; undefined where this mesh did not issue it. */
  openAppId(appId: string): string | undefined;
  /** The part of a broadcast's message ID behind its dot: `sealSource`. */
  source(app: string, tagId: string): string;
}
