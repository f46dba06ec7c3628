/** Error numbers that scenarios meet, by their names (include/uapi/asm-generic/errno-base.h and errno.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENOEXEC: 8,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  ENOSYS: 38,
  ETIMEDOUT: 110,
} as const satisfies Readonly<Record<string, number>>;

/** `EBUSY` for -16, `0` for 0; other numbers as they are. */
export function errnoName(errno: number): string {
  if (errno === 0) return '0';
  return Object.entries(ERRNO).find(([, number]) => number === -errno)?.[0] ?? String(errno);
}
