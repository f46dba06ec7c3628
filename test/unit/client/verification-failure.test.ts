import { expect, it } from 'vitest';
import { explainFailure } from '../../../client/src/panel/verification-failure.ts';

it('says what is missing and where to get it', () => {
  const { why, detail } = explainFailure(
    'Booting Linux 6.12.1\nlivepatch-ls: qemu-system-x86_64 is not installed.\n',
    2,
  );
  expect(why).toBe('qemu-system-x86_64 is not installed. On Debian and Ubuntu: apt install qemu-system-x86.');
  expect(detail).toBe('');
});

it('names the setting where no kernel can be fetched', () => {
  const { why } = explainFailure('livepatch-ls: apt-cache is not installed.\n', 2);
  expect(why).toContain('livepatch.verification.kernel');
});

it('says where headers were looked for', () => {
  const said = 'There are no headers for kernel 6.8.0 in /usr/src. Install them, or name their folder with --headers.';
  expect(explainFailure(`livepatch-ls: ${said}\n`, 2).why).toMatch(
    /^There are no headers for kernel 6\.8\.0 in \/usr\/src\./,
  );
});

it('tells a module that does not build from the words of the compiler', () => {
  const said =
    'livepatch-ls: lp can\'t be built for 6.12.1:\nlp.c:3:9: error: no_such_thing\nTry "livepatch-ls --help".\n';
  expect(explainFailure(said, 2)).toEqual({
    why: 'lp can’t be built for Linux 6.12.1.',
    detail: 'lp.c:3:9: error: no_such_thing',
  });
});

it('shows the end of what was said when nothing of it is known', () => {
  expect(explainFailure('Segmentation fault\n', 139)).toEqual({
    why: 'The command line ended with exit status 139.',
    detail: 'Segmentation fault',
  });
});
