import { expect, it } from 'vitest';
import { sysfsRights } from '../../../shared/src/simulator/sysfs-modes.ts';

it.each([
  ['lp', 'drwxr-xr-x'],
  ['lp/enabled', '-rw-r--r--'],
  ['lp/force', '--w-------'],
  ['lp/transition', '-r--r--r--'],
  ['lp/vmlinux', 'drwxr-xr-x'],
  ['lp/vmlinux/patched', '-r--r--r--'],
  ['lp/vmlinux/patched,1', 'drwxr-xr-x'],
  ['lp/vmlinux/enabled', 'drwxr-xr-x'],
])('%s has the rights %s', (path, rights) => {
  expect(sysfsRights(path)).toBe(rights);
});
