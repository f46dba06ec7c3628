import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../server/src/capture/read-capture.ts';
import { bootGuest } from '../../server/src/kernel-runner/boot-guest.ts';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { guestImage } from '../../server/src/kernel-runner/guest-image.ts';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { patch } from '../unit/simulator/support.ts';
import { CACHE, KERNELS, ROOT } from './kernels.ts';
import { livepatchSource } from './twin/livepatch-source.ts';

/** Whether the recordings are written to test/fixtures/captures/, from which the unit tests read them. */
const RECORD = process.env.KLP_RECORD === '1';

/** Replaces functions that two of the tasks sleep in. Nothing that the guest does afterwards needs them. */
const MODULE = 'lp_capture';
const PATCHED = ['do_epoll_wait', 'pipe_read'];

/** Tasks of our own that sleep in the calls that servers sleep in, then the script as a user runs it, then a livepatch. */
const INIT = `
/bin/busybox mkdir -p /proc /sys /said
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox --install -s /bin
export PATH=/bin
stty -F /dev/ttyS1 raw
mkfifo /pipe
klp-task reader read /pipe </dev/null &
exec 9>/pipe
for call in epoll poll select futex nanosleep pause wait4 accept recv semop sigwait; do
	klp-task in-$call $call 60 <>/pipe &
done
klp-task spinner spin </dev/null &
sleep 2
sh /capture.sh --seconds 2 >/dev/ttyS1
insmod /${MODULE}.ko
sleep 5
for task in /proc/[0-9]*; do
	read state <$task/patch_state
	read name <$task/comm
	[ "$state" != 0 ] || echo "held up: $name" >/dev/ttyS1
done
sleep 15
read transition </sys/kernel/livepatch/${MODULE}/transition
echo "transition: $transition" >/dev/ttyS1
poweroff -f
`;

describe.each(KERNELS)('the capture script on a real %s kernel', (version) => {
  it('sees each task and what it sleeps in; the forecast on it is what the kernel then does', async () => {
    const kernel = await findKernel(version, { cache: CACHE });
    const bytes = (text: string) => new TextEncoder().encode(text);
    const source = livepatchSource(MODULE, { objects: [{ object: 'vmlinux', funcs: PATCHED }] });
    const module = (await buildModules(kernel, [source], { cache: CACHE })).get(MODULE);
    if (!module?.ok) throw new Error(module?.errors);
    const image = await guestImage(
      [],
      [
        { path: '/capture-init', content: bytes(INIT) },
        { path: `/${MODULE}.ko`, content: await readFile(module.ko) },
        { path: '/capture.sh', content: await readFile(join(ROOT, 'server/src/capture/capture.sh')) },
        {
          path: `/boot/config-${kernel.release}`,
          content: await readFile(join(dirname(kernel.image), `config-${kernel.release}`)),
        },
      ],
      { cache: CACHE },
    );
    const guest = await bootGuest(kernel, image, ['rdinit=/bin/busybox', '--', 'sh', '/capture-init'], {
      silence: 120_000,
      limit: 240_000,
    });
    const report = guest.report.replaceAll('\r', '');
    // The recording's last line, then what the script above says.
    const end = report.indexOf('\n', report.indexOf('"problems":')) + 1;
    const text = report.slice(0, end);
    if (RECORD) {
      await mkdir(join(ROOT, 'test/fixtures/captures'), { recursive: true });
      await writeFile(join(ROOT, 'test/fixtures/captures', `guest.${version}.json`), text);
    }
    const reading = readCapture(text);
    if (!reading.ok) throw new Error(`${reading.error}\n${guest.console.slice(-2000)}`);
    expect(reading.kernel).toBe(kernel.release);
    // Workers of the kernel do.
    expect(reading.warnings.filter((text) => !text.includes('came or went'))).toEqual([]);
    expect(reading.workload).toMatchObject({ cpus: 1, hz: 250 });
    const seen = reading.workload.tasks.map(({ comm, behaviour }) => {
      const [phase] = behaviour.phases;
      return phase?.do === 'sleep' ? `${comm}: ${phase.syscall} ${phase.onSignal}` : `${comm}: ${phase?.do}`;
    });
    for (const expected of [
      'reader: read restarts',
      'in-epoll: epoll_wait EINTR',
      'in-poll: poll restarts',
      'in-select: pselect6 restarts',
      'in-futex: futex restarts',
      'in-nanosleep: clock_nanosleep restarts',
      'in-pause: pause restarts',
      'in-wait4: wait4 restarts',
      'in-accept: accept restarts',
      'in-recv: recvfrom restarts',
      'in-semop: semtimedop EINTR',
      'in-sigwait: rt_sigtimedwait EINTR',
      'spinner: user',
    ]) {
      expect(seen).toContain(expected);
    }

    const held = [...report.slice(end).matchAll(/^held up: (.*)$/gm)].map(([, name]) => name);
    expect(held.sort()).toEqual(['in-epoll', 'reader']);
    const told = forecast(patch(MODULE, { vmlinux: PATCHED }), {
      kernel: version,
      workload: reading.workload,
      seeds: 20,
    });
    expect(told.blockers.map(({ comm }) => comm).sort()).toEqual(held);
    expect(told.finished).toBe(told.seeds);
    expect(report.slice(end)).toMatch(/^transition: 0$/m);
    const stamp = (line: RegExp) => Number(line.exec(guest.console)?.[1]) * 1_000_000;
    const began = stamp(/\[ *([\d.]+)\] livepatch: '\w+': starting patching transition/);
    const ended = stamp(/\[ *([\d.]+)\] livepatch: '\w+': patching complete/);
    expect(ended - began).toBeGreaterThanOrEqual((told.time?.min ?? 0) - 1_000_000);
    expect(ended - began).toBeLessThanOrEqual((told.time?.max ?? 0) + 1_000_000);
  });
});
