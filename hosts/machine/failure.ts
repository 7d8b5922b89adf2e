/** A reason not to start, or to stop, that is told in one line and without a stack. */
export class HostFailure extends Error {}
