import { describe, expect, it } from 'vitest';
import { Forecasts } from '../../server/src/workspace/forecasts.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';

const always = (): boolean => true;
const never = (): boolean => false;
const SETTINGS = { kernel: '6.12', workload: 'web-server', seeds: 60 };

/** A patch of one function; `start` is where it stands in the source. */
function image(oldName: string, start = 0): PatchImage {
  const source = { file: 'a.c', start, end: start + 5 };
  return {
    module: 'lp',
    variable: 'patch',
    livepatchMark: true,
    hasExit: true,
    replace: false,
    replaceable: null,
    states: [],
    objects: [
      {
        name: null,
        callbacks: {},
        source,
        funcs: [{ oldName, newFunc: 'new', oldSympos: 0, source, newFuncSource: source }],
      },
    ],
    assumptions: [],
    source,
  };
}

describe('Forecasts', () => {
  it('are what the simulator says', async () => {
    const workload = workloadById('web-server', '6.12');
    if (!workload) throw new Error('no such workload');
    const made = await new Forecasts().of(image('do_sys_poll'), SETTINGS, always);
    expect(made).toEqual(forecast(image('do_sys_poll'), { kernel: '6.12', workload, seeds: 60 }));
  });

  it('are made once, wherever the patch stands in the source', async () => {
    const forecasts = new Forecasts();
    const [first, moved] = await Promise.all([
      forecasts.of(image('do_sys_poll'), SETTINGS, always),
      forecasts.of(image('do_sys_poll', 100), SETTINGS, always),
    ]);
    expect(moved).toBe(first);
    expect(await forecasts.of(image('do_sys_poll', 7), SETTINGS, always)).toBe(first);
    const other = await forecasts.of(image('cmdline_proc_show'), SETTINGS, always);
    expect(other?.headline).not.toBe(first?.headline);
    expect(await forecasts.of(image('do_sys_poll'), { ...SETTINGS, kernel: '6.1' }, always)).not.toBe(first);
  });

  it('are given up when nobody waits for them any more, and made for who comes later', async () => {
    const forecasts = new Forecasts();
    expect(await forecasts.of(image('schedule'), SETTINGS, never)).toBeNull();
    expect(await forecasts.of(image('schedule'), SETTINGS, always)).toMatchObject({ seeds: 60 });
  });

  it('are finished for one who waits although another one left', async () => {
    const forecasts = new Forecasts();
    const left = forecasts.of(image('schedule'), SETTINGS, never);
    const stayed = forecasts.of(image('schedule'), SETTINGS, always);
    expect(await stayed).toMatchObject({ seeds: 60 });
    expect(await left).toBe(await stayed);
  });

  it('know no workload that there is none of', async () => {
    expect(await new Forecasts().of(image('schedule'), { ...SETTINGS, workload: 'toaster' }, always)).toBeNull();
  });
});
