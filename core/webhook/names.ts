/**
 * Names of the objects of an app's webhooks. The first object has the endpoints, and the app's own name (base64url of its 8 bytes); the others have a
 * number appended. The events of a device go to one of them, so that no object gets those of all devices.
 */

/** @param shards how many objects an app has: never changes in a mesh */
export const webhookNames = (app: string, shards: number): string[] =>
  Array.from({ length: shards }, (_, shard) => webhookName(app, shard));

export const webhookName = (app: string, shard: number): string =>
  shard === 0 ? app : `${app}.${shard}`;

/** The object that takes the events of a device. @param spread 0 (included) to 1 (excluded), different for each device */
export const webhookNameOf = (app: string, spread: number, shards: number): string =>
  webhookName(app, Math.floor(spread * shards));

export const firstWebhookName = (name: string): string => name.split(".", 1)[0] ?? name;

export const shardOfWebhookName = (name: string): number => Number(name.split(".")[1] ?? 0);
