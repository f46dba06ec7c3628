import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PanelToHost, VerificationState } from '../../shared/src/panel-messages.ts';
import type { VerifiedRun } from '../../shared/src/scenario/verified.ts';
import type { TraceEvent } from '../../shared/src/simulator/trace.ts';
import { textsOfPoorContrast } from './contrast.ts';
import { colorAt, forecastShown, panelPage, row, shownPanel, usePanel } from './driving.ts';
import { imagesMessage, patchOf } from './images.ts';
import type { PanelPage, ThemeName } from './panel-page.ts';

/*
 * What the panel shows of a real kernel. The runs are what `livepatch-ls verify --format json` printed of Linux 6.12.117
 * with the scenarios that the panel makes of two patches on the web server.
 */

usePanel();

function recorded(name: string): VerifiedRun {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/verified/${name}.6.12.json`), 'utf8'));
}

/** Where the bars of simulator and kernel are in a row, in pixels. */
const UPPER = 6;
const LOWER = 16;

/** The replacement of sigsuspend() returns EINTR again and again, which the simulator does not know. */
const SIGSUSPEND = recorded('sigsuspend');
/** A kernel thread that never leaves: both sides agree. */
const KSWAPD = recorded('kswapd');

/** As if the kernel had switched a task at another time (seconds), and had written another line. */
function switchedAt(run: VerifiedRun, name: string, seconds: number): VerifiedRun {
  const born = run.real.events.find((event) => event.type === 'fork' && event.child.comm === name);
  const id = born?.type === 'fork' ? born.child.id : null;
  const at = seconds * 1_000_000;
  const isSwitch = (event: TraceEvent) => event.type === 'patch-state' && event.task === id && event.state === 1;
  const moved = run.real.events.map((event) => (isSwitch(event) ? { ...event, at } : event));
  const events = moved.sort((a, b) => a.at - b.at);
  const compared = run.compared.map((block) => ({
    ...block,
    rows: block.rows.map((each) =>
      each.kind === 'log' && each.simulator?.includes('signaling') ? { ...each, kernel: null } : each,
    ),
  }));
  return { ...run, compared, real: { ...run.real, events } };
}

const tell = ({ post }: PanelPage, state: VerificationState) => post({ type: 'verification', state });
const ask = ({ page }: PanelPage) => page.getByRole('button', { name: 'Verify on a real kernel' }).click();
const part = ({ page }: PanelPage) => page.locator('.verification');

async function verified(run: VerifiedRun, theme: ThemeName = 'dark'): Promise<PanelPage> {
  const panel = await shownPanel({ theme });
  await ask(panel);
  await expect.poll(() => requests(panel)).toHaveLength(1);
  await tell(panel, { is: 'done', run, plan: requests(panel)[0]?.plan ?? null });
  await part(panel).locator('h1').waitFor();
  return panel;
}

const requests = ({ said }: PanelPage) =>
  said.filter((message): message is PanelToHost & { type: 'verify' } => message.type === 'verify');

describe('the button', () => {
  it('asks for the module, and for helpers that sleep as the tasks of the forecast', async () => {
    const panel = await shownPanel();
    await ask(panel);
    await expect.poll(() => requests(panel)).toHaveLength(1);
    const [request] = requests(panel);
    expect(request?.kernel).toBe('6.12');
    expect(request?.plan?.scenario.tasks.nginx).toEqual({ does: 'sigsuspend' });
    expect(request?.plan?.scenario.steps).toContainEqual({ load: 'fix_wait' });
  });

  it('asks for what was done in the panel, on the kernel that was chosen', async () => {
    const panel = await shownPanel();
    await panel.page.getByLabel('Kernel', { exact: true }).selectOption('6.1');
    await panel.page.keyboard.press('End');
    await panel.page.getByRole('button', { name: 'Disable' }).click();
    await ask(panel);
    await expect
      .poll(() => requests(panel).at(-1)?.plan?.scenario.steps)
      .toContainEqual({
        write: 'fix_wait/enabled',
        value: '0',
      });
    expect(requests(panel).at(-1)?.kernel).toBe('6.1');
  });

  it('says which step is under way, and cancels', async () => {
    const panel = await shownPanel();
    await ask(panel);
    await tell(panel, { is: 'running', step: 'step 2 of 7: load fix_wait' });
    await expect.poll(() => part(panel).textContent()).toContain('step 2 of 7: load fix_wait');
    expect(await panel.page.getByRole('button', { name: 'Verify on a real kernel' }).isDisabled()).toBe(true);
    await part(panel).getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => panel.said.at(-1)).toEqual({ type: 'cancel-verification' });
    await tell(panel, { is: 'cancelled' });
    await expect.poll(() => part(panel).textContent()).toContain('was cancelled');
  });

  it('keeps the focus on "Cancel" while the steps go on', async () => {
    const panel = await shownPanel();
    await ask(panel);
    await part(panel).getByRole('button', { name: 'Cancel' }).focus();
    await tell(panel, { is: 'running', step: 'Booting Linux 6.12.117' });
    await expect.poll(() => part(panel).textContent()).toContain('Booting');
    expect(await panel.page.evaluate('document.activeElement.textContent')).toBe('Cancel');
  });

  it('says what went wrong, with the words of the compiler', async () => {
    const panel = await shownPanel();
    await ask(panel);
    await tell(panel, {
      is: 'failed',
      why: 'fix_wait can’t be built for Linux 6.12.117.',
      detail: 'fix_wait.c:3:1: error',
    });
    await expect.poll(() => part(panel).getByRole('alert').textContent()).toMatch(/can’t be built/);
    expect(await part(panel).locator('pre').textContent()).toBe('fix_wait.c:3:1: error');
    // It stands while somebody mends the module.
    await panel.post(imagesMessage([patchOf('do_epoll_wait')]));
    await forecastShown(panel.page);
    expect(await part(panel).locator('pre').isVisible()).toBe(true);
    await part(panel).getByRole('button', { name: 'Dismiss' }).click();
    await expect.poll(() => part(panel).isVisible()).toBe(false);
  });

  it('refuses what no real kernel does, without asking the host', async () => {
    const panel = await shownPanel();
    await panel.page.keyboard.press('m');
    await panel.page.locator('.comparison tbody button.link', { hasText: 'kGraft' }).first().click();
    await panel.page.getByRole('button', { name: 'Show this run task by task' }).last().click();
    await ask(panel);
    await expect.poll(() => part(panel).getByRole('alert').textContent()).toMatch(/one consistency model/);
    expect(requests(panel)).toEqual([]);
  });

  it('waits for the forecast when the editor asks', async () => {
    const panel = await shownPanel();
    await panel.post({ type: 'verify' });
    await expect.poll(() => requests(panel)).toHaveLength(1);
  });

  it('asks for the typical run, also when it was asked before there was a forecast', async () => {
    const panel = await panelPage();
    const epoll = patchOf('do_epoll_wait');
    await panel.post(imagesMessage([epoll], { simulation: { kernel: '6.12', workload: 'database', seeds: 20 } }));
    await panel.post({ type: 'verify' });
    await expect.poll(() => requests(panel)).toHaveLength(1);
    await forecastShown(panel.page);
    await tell(panel, { is: 'done', run: KSWAPD, plan: null });
    await expect.poll(() => part(panel).locator('h1').count()).toBe(1);
    expect(await part(panel).textContent()).not.toContain('meanwhile');
  });

  it('lets the scenario of a run be verified as it is', async () => {
    const panel = await panelPage();
    await panel.post({ type: 'trace', title: 'kill', trace: KSWAPD.simulated, at: 0, verifiable: true });
    await ask(panel);
    await expect.poll(() => requests(panel)).toEqual([{ type: 'verify', kernel: '6.12', plan: null }]);
  });
});

describe('agreement', () => {
  it('is claimed of what was compared, and what was not is named', async () => {
    const panel = await verified(KSWAPD);
    expect(await part(panel).locator('h1').textContent()).toBe(
      `Linux ${KSWAPD.release} did what the simulator foretold, in all that was compared.`,
    );
    const words = (await part(panel).textContent()) ?? '';
    expect(words).toMatch(/the states of 5 tasks over time/);
    expect(words).toMatch(/\d+ other tasks of Web server/);
    expect(words).toContain('the simulator runs nothing of them');
    expect(await panel.page.locator('.differences').count()).toBe(0);
  });

  it('draws both runs of a task, one under the other', async () => {
    const { page } = await verified(KSWAPD);
    expect(await page.locator('.legend').textContent()).toContain(`lower bar: Linux ${KSWAPD.release}`);
    const label = await row(page, 'kswapd0').getAttribute('aria-label');
    expect(label).toMatch(/Linux 6\.12/);
  });

  it('stands again with all that was not compared after the page was hidden', async () => {
    const before = await verified(KSWAPD);
    const [request] = requests(before);
    const panel = await panelPage();
    await panel.post(imagesMessage([patchOf('sigsuspend')]));
    await tell(panel, { is: 'done', run: KSWAPD, plan: request?.plan ?? null });
    await expect.poll(() => part(panel).textContent()).toMatch(/\d+ other tasks of Web server/);
    // The typical run is made meanwhile; it does not come to the front.
    await panel.page.locator('.verdict:not([aria-busy]) .spread').waitFor({ state: 'attached' });
    expect(await part(panel).isVisible()).toBe(true);
  });

  it('goes back to the forecast', async () => {
    const panel = await verified(KSWAPD);
    expect(await panel.page.locator('.verdict').isVisible()).toBe(false);
    await part(panel).getByRole('button', { name: 'Back to the forecast' }).click();
    await panel.page.locator('.verdict').waitFor();
    expect(await row(panel.page, 'nginx:').count()).toBeGreaterThan(0);
    expect(await part(panel).isVisible()).toBe(false);
  });
});

describe('differences', () => {
  const RUN = switchedAt(SIGSUSPEND, 'nginx', 4);

  it('stand in words: tasks with their times, log lines, results', async () => {
    const panel = await verified(RUN);
    expect(await part(panel).locator('h1').textContent()).toMatch(/differ in 3 things/);
    const rows = await part(panel).locator('.differences tbody tr').allTextContents();
    expect(rows[0]).toMatch(/^nginx, 4\.0 s to 15\.\d s.*held up: it sleeps in sigsuspend\(\).*runs new code$/);
    expect(rows[1]).toMatch(/^log.*signaling remaining tasks.*nothing$/);
    expect(rows[2]).toMatch(/^a task after a wait.*EINTR 0 times.*EINTR 8 times$/);
    expect(panel.said.at(-1)).toMatchObject({ type: 'laid-over', differences: 3 });
  });

  it('lead to their moment', async () => {
    const panel = await verified(RUN);
    await part(panel).locator('.differences button').first().click();
    expect(await panel.page.locator('output.time').textContent()).toMatch(/^4\.0 s of/);
  });

  it('are framed in the picture, where they are', async () => {
    const panel = await verified(RUN);
    // Both bars are blocked before, and only the upper one within; the others are alike everywhere.
    const bars = async (name: string, share: number) => [
      await colorAt(panel.page, name, share, UPPER),
      await colorAt(panel.page, name, share, LOWER),
    ];
    const [upper, lower] = await bars('nginx', 0.4);
    expect(upper).not.toEqual(lower);
    const [one, other] = await bars('php-fpm8.2', 0.4);
    expect(one).toEqual(other);
    expect(other).toEqual(lower);
    expect(await panel.page.locator('.timeline .row.differs').allTextContents()).toEqual(['nginx']);
  });

  it('stand in the table of tasks, where others say that they were not compared', async () => {
    const panel = await verified(RUN);
    await panel.page.keyboard.press('t');
    const cells = (name: string) =>
      panel.page.locator('.table tbody tr', { hasText: name }).first().locator('td').last().textContent();
    expect(await panel.page.locator('.table thead th').last().textContent()).toContain(`Linux ${RUN.release}`);
    expect(await cells('nginx')).toMatch(/4\.0 s to 15\.\d s: runs new code \(simulator: runs old code, held up/);
    expect(await cells('not compared')).toBe('not compared');
  });

  it('mark the lines of the log that one side has', async () => {
    const panel = await verified(RUN);
    await expect
      .poll(() => panel.page.locator('.log-lines .only-simulated').allTextContents())
      .toEqual([expect.stringMatching(/signaling remaining tasks {3}\(simulator only\)$/)]);
  });

  it('are in the picture that is saved, and both sides in the trace', async () => {
    const panel = await verified(RUN);
    const save = async (kind: string) => {
      await panel.page.getByLabel('Save what is shown').selectOption(kind);
      const saved = () => panel.said.find((message) => message.type === 'save' && message.kind === kind);
      await expect.poll(saved).toBeDefined();
      const message = saved();
      return message?.type === 'save' ? message.content : '';
    };
    const svg = await save('svg');
    expect(svg).toContain(`Linux ${RUN.release} below`);
    expect(svg).toContain('>≠<');
    expect(JSON.parse(await save('json'))).toMatchObject({ release: RUN.release, real: { format: RUN.real.format } });
  });

  it('are told beside a selected task', async () => {
    const panel = await verified(RUN);
    await row(panel.page, 'nginx').click();
    await expect.poll(() => panel.page.locator('.detail .task').textContent()).toContain('On the real kernel');
  });

  it('are gone when the module is edited', async () => {
    const panel = await verified(RUN);
    await panel.post(imagesMessage([patchOf('do_epoll_wait')]));
    await expect.poll(() => part(panel).isVisible()).toBe(false);
    await panel.page.locator('.verdict').waitFor();
  });

  it('say so when the module was edited while the kernel was at it', async () => {
    const panel = await shownPanel();
    await ask(panel);
    await panel.post(imagesMessage([patchOf('do_epoll_wait')]));
    await tell(panel, { is: 'done', run: RUN, plan: null });
    await expect.poll(() => part(panel).textContent()).toContain('was changed meanwhile');
  });

  it('begin with a crash of the kernel', async () => {
    const panel = await verified({ ...KSWAPD, broken: 'The kernel crashed at "load stalled": Oops.' });
    expect(await part(panel).locator('h1').textContent()).toMatch(/did not come to the end.*Oops/);
    expect(await part(panel).locator('.differences tbody tr').count()).toBe(1);
  });
});

describe.each<ThemeName>(['dark', 'light', 'high-contrast'])('in the theme %s', (theme) => {
  it('is drawn with states that differ', async () => {
    const panel = await verified(switchedAt(SIGSUSPEND, 'nginx', 4), theme);
    const folder = process.env.LIVEPATCH_SCREENSHOTS;
    if (folder) await panel.page.screenshot({ path: join(folder, `verified-${theme}.png`) });
    const held = await colorAt(panel.page, 'nginx', 0.4, UPPER);
    const switched = await colorAt(panel.page, 'nginx', 0.4, LOWER);
    const distance = Math.hypot(...held.map((value, channel) => value - (switched[channel] ?? 0)));
    expect(distance).toBeGreaterThan(80);
    expect(await textsOfPoorContrast(panel.page)).toEqual([]);
  });
});
