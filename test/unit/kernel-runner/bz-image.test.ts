import { expect, it } from 'vitest';
import { bzImageRelease } from '../../../server/src/kernel-runner/bz-image.ts';

it('reads the release out of an x86 kernel image', () => {
  const head = new Uint8Array(0x8000);
  head.set(Buffer.from('HdrS'), 0x202);
  head[0x20e] = 0x80;
  head[0x20f] = 0x36;
  head.set(Buffer.from('6.12.117+deb12-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP\0'), 0x3880);
  expect(bzImageRelease(head)).toBe('6.12.117+deb12-cloud-amd64');
});

it('is null for anything else', () => {
  expect(bzImageRelease(new Uint8Array(0x8000))).toBeNull();
  expect(bzImageRelease(Buffer.from('\x7fELF'))).toBeNull();
});
