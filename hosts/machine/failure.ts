/** Why the host does not start, or stops: reported in one line, without a stack. */
export class HostFailure extends Error {}
