/** Error numbers as the kernel returns them (include/uapi/asm-generic/errno-base.h). */
export const ENOENT = -2;
export const ESRCH = -3;
export const ENOEXEC = -8;
export const EAGAIN = -11;
export const EACCES = -13;
export const EBUSY = -16;
export const EEXIST = -17;
export const ENODEV = -19;
export const EISDIR = -21;
export const EINVAL = -22;

/**
 * The simulator found itself in a state that can't be: a bug here, never the user's mistake. The message carries the
 * options, so that the run can be repeated.
 */
export class SimulatorError extends Error {
  override name = 'SimulatorError';
}
