import { expect, it } from 'vitest';
import { headerDependencies, newestDebianKernel } from '../../../server/src/kernel-runner/debian-kernel.ts';

const NAMES = `linux-image-6.1.0-9-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-57-cloud-amd64-dbg - Debug symbols
linux-image-6.12-cloud-amd64 - Linux for x86-64 cloud (meta-package)
linux-image-6.12.99+deb12-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.117+deb12-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.118+deb12-cloud-amd64-unsigned - Linux 6.12 for x86-64 cloud
linux-image-6.1.0-60-amd64 - Linux 6.1 for 64-bit PCs (signed)
`;

it('chooses the newest signed cloud kernel, counting and not spelling', () => {
  expect(newestDebianKernel(NAMES, '6.1')?.release).toBe('6.1.0-56-cloud-amd64');
  expect(newestDebianKernel(NAMES, '6.12')).toEqual({
    release: '6.12.117+deb12-cloud-amd64',
    image: 'linux-image-6.12.117+deb12-cloud-amd64',
    headers: 'linux-headers-6.12.117+deb12-cloud-amd64',
  });
});

it('knows when there is none', () => {
  expect(newestDebianKernel(NAMES, '6.13')).toBeNull();
});

it('takes headers, kbuild and compiler packages along, but no image', () => {
  const depends = `linux-headers-6.1.0-56-cloud-amd64
  Depends: linux-headers-6.1.0-56-common
 |Depends: linux-image-6.1.0-56-cloud-amd64
  Depends: linux-kbuild-6.1
  Depends: linux-compiler-gcc-12-x86
  Recommends: linux-kbuild-never
`;
  expect(headerDependencies(depends)).toEqual([
    'linux-headers-6.1.0-56-common',
    'linux-kbuild-6.1',
    'linux-compiler-gcc-12-x86',
  ]);
});
