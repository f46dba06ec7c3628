import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { type EditorWindow, openWindow } from '../vscode/editor-window.ts';
import { CACHE, KERNELS, ROOT } from './kernels.ts';
import { processesThatName } from './processes.ts';

/*
 * "Verify on a Real Kernel" in a real VS Code: the sample whose transition never ends, on the kernel of the panel, from the
 * click to the picture. Needs `dist`, which scripts/test.mjs builds.
 */

/** Milliseconds for a module to be built and a guest to boot and to play it. */
const GUEST = 300_000;

/** The sample without its first mistake, as the walkthrough leaves it after its third step. */
const STALLED = readFileSync(join(ROOT, 'samples/stalled.c'), 'utf8').replace(
  /(\.new_func = livepatch_kswapd,\n\t\},\n)/,
  '$1\t{ }\n',
);

describe.each(KERNELS)('the panel verifies on Linux %s', (version) => {
  let window: EditorWindow;
  let panel: Frame;
  let folder: string;
  let temporary: string;

  beforeAll(async () => {
    expect(STALLED).toContain('\t},\n\t{ }\n};');
    await findKernel(version, { cache: CACHE });
    folder = mkdtempSync(join(tmpdir(), 'klp-editor-'));
    temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    symlinkSync(CACHE, join(folder, 'livepatch-ls'));
    window = await openWindow({
      samples: ['stalled.c'],
      settings: { 'livepatch.kernel.version': version },
      size: { width: 1400, height: 900 },
      env: { XDG_CACHE_HOME: folder, TMPDIR: temporary },
    });
    writeFileSync(join(window.folder, 'stalled.c'), STALLED);
    await window.open('stalled.c');
    await window.page.locator('.codelens-decoration a').first().waitFor();
  });
  afterEach(async ({ task }) => {
    const path = join(ROOT, `.cache/reports/verify-failed-${version}.png`);
    if (task.result?.state === 'fail') await window.page.screenshot({ path });
  });
  afterAll(async () => {
    await window?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('from a command in the source, and shows the kernel’s run under the simulator’s', async () => {
    await window.run('Livepatch: Verify on a Real Kernel');
    panel = await window.webview('#panel .verification');
    const outcome = panel.locator('.verification h1');
    await outcome.waitFor({ timeout: GUEST });
    expect(await outcome.textContent()).toMatch(
      new RegExp(`^Linux ${version.replace('.', '\\.')}\\.\\S+ did what the simulator foretold`),
    );
    expect(await panel.locator('.verification').textContent()).not.toContain('meanwhile');
    // The thread that never leaves kswapd(), on both sides: a click on its bar goes to a moment within.
    const thread = panel.locator('.timeline .row', { hasText: 'kswapd0' }).first();
    await thread.click();
    await expect.poll(() => panel.locator('.detail .task').textContent()).toMatch(/On the real kernel/i);
    await expect
      .poll(() => panel.locator('.detail .task').textContent())
      .toMatch(/Linux \S+: blocked since .* it sleeps in kswapd\(\), which the patch replaces/);
    const pictures = process.env.LIVEPATCH_SCREENSHOTS_TO;
    if (pictures) await window.page.screenshot({ path: join(pictures, `verified-${version}.png`) });
  });

  it('until somebody cancels it: then no guest is left', async () => {
    await panel.locator('.verification').getByRole('button', { name: 'Verify again' }).click();
    // While it boots, which takes the longest: the rest is over in a second or two.
    await panel.locator('.verification', { hasText: /Booting/ }).waitFor({ timeout: GUEST });
    await expect.poll(() => processesThatName(temporary).join('\n'), { timeout: 10_000 }).toContain('qemu');
    await panel.locator('.verification').getByRole('button', { name: 'Cancel' }).dispatchEvent('click');
    await panel.locator('.verification', { hasText: 'was cancelled' }).waitFor();
    expect(processesThatName(temporary)).toEqual([]);
    await expect.poll(() => readdirSync(temporary).filter((name) => /^(?:klp|livepatch)-/.test(name))).toEqual([]);
  });

  it('and shows what the compiler says of a module that can’t be built', async () => {
    writeFileSync(join(window.folder, 'stalled.c'), STALLED.replace('return 0;', 'return no_such_thing;'));
    await panel.getByRole('button', { name: 'Verify on a real kernel' }).click();
    const alert = panel.locator('.verification [role=alert]');
    await alert.waitFor({ timeout: GUEST });
    expect(await alert.textContent()).toMatch(/stalled can’t be built for Linux/);
    expect(await panel.locator('.verification pre').textContent()).toMatch(/no_such_thing/);
  });
});
