/** The worker that hosts/workerd bundles: the deployed one, and an entrypoint for the supervisor beside it. */
export * from "../../../worker/index.ts";
export { default } from "../../../worker/index.ts";
export { Control } from "./control.ts";
