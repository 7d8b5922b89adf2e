/** The worker that hosts/workerd bundles: the deployed one, with an additional entrypoint for the supervisor. */
export * from "../../../worker/index.ts";
export { default } from "../../../worker/index.ts";
export { Control } from "./control.ts";
