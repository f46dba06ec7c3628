import { describe, expect, it } from 'vitest';
import { compareModels } from '../../../shared/src/comparison/compare.ts';
import { comparisonSvg } from '../../../shared/src/picture/comparison-svg.ts';
import { asleep, kthread, machine, patch } from '../simulator/support.ts';

const workload = machine(
  [
    asleep('init', ['do_epoll_wait']),
    asleep('a<b>&"c"', ['f'], { state: 'uninterruptible' }),
    kthread('kworker', ['worker_thread']),
  ],
  { title: 'Machine <1>' },
);
const comparison = compareModels(patch('lp', { vmlinux: ['f'] }), { workload, kernel: '6.12', seeds: [1] });

describe('the picture of a comparison', () => {
  const svg = comparisonSvg(comparison, { theme: 'light' });

  it('has a row for each model, named and told in words', () => {
    for (const { title, reason } of comparison.rows) {
      expect(svg).toContain(`font-weight="bold">${title.slice(0, 40)}`);
      expect(svg.match(/<desc[^>]*>(.*?)<\/desc>/)?.[1]).toContain(title);
      expect(svg).toContain(reason.slice(0, 20));
    }
    expect(svg.match(/<g><title>/g)).toHaveLength(comparison.rows.length);
  });

  it('is well formed, whatever names tasks and machines have', () => {
    expect(svg).not.toMatch(/a<b>|Machine <1>/);
    expect(svg).toContain('Machine &#60;1&#62;');
    expect(svg.match(/<g\b/g)?.length).toBe(svg.match(/<\/g>/g)?.length);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('draws no bar outside the axis, and hatches who is in the way', () => {
    const rects = [
      ...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" fill="([^"]+)"\/>/g),
    ];
    expect(rects.length).toBeGreaterThan(comparison.rows.length);
    expect(rects.some(([, , , fill]) => fill === 'url(#h)')).toBe(true);
    for (const [, x, width] of rects) expect(Number(x) + Number(width)).toBeLessThan(1180);
  });

  it('takes the colours of the theme and the width that is asked for', () => {
    const dark = comparisonSvg(comparison, { theme: 'dark', width: 900 });
    expect(dark).toContain('width="900"');
    expect(dark).toContain('#1f1f1f');
    expect(svg).toContain('#ffffff');
  });
});
