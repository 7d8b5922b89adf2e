/** Names a registration on a device, as its regId does. */
export interface RegistrationName {
  readonly app: string;
  readonly generation: number;
}
