import { readKbuild } from '../../../server/src/analysis/kbuild.ts';
import { mutatedText } from '../mutate.ts';
import type { Target } from '../target.ts';

/** JSON files that somebody broke: refused with a reason, or read. */
export function jsonTarget(name: string, seeds: readonly string[], read: (text: string) => unknown): Target {
  return {
    name,
    run(random, note) {
      const text = mutatedText(random, random.pick(seeds), random.pick(seeds));
      note(text);
      if (!read(text)) throw new Error('neither read nor refused');
    },
  };
}

const KBUILDS = [
  'obj-m += livepatch.o\nlivepatch-y := a.o b.o\nlivepatch-$(CONFIG_X) += c.o\n',
  'obj-$(CONFIG_SAMPLE_LIVEPATCH) += livepatch-sample.o\nobj-m += \\\n\tone.o \\\n\ttwo.o\none-objs = x.o y.o\n',
  'ifneq ($(KERNELRELEASE),)\nobj-m := m.o\nelse\nall:\n\t$(MAKE) -C $(KDIR) M=$(PWD) modules\nendif\n',
];

/** Makefiles that somebody broke. */
export function kbuildTarget(): Target {
  return {
    name: 'kbuild',
    run(random, note) {
      const text = mutatedText(random, random.pick(KBUILDS), random.pick(KBUILDS));
      note(text);
      for (const { name, units } of readKbuild(text).modules) {
        for (const part of [name, ...units]) {
          if (/[\s/]\.\.|\0/.test(part)) throw new Error(`${JSON.stringify(part)} is no name of a file`);
        }
      }
    },
  };
}
