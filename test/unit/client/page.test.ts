import { expect, test } from 'vitest';
import { contentSecurityPolicy, pageHtml } from '../../../client/src/panel/page.ts';

const PARTS = { script: 'https://r/panel.js', style: 'https://r/style.css', cspSource: 'https://r', nonce: 'N0nce' };

test('the policy forbids everything but the page’s own script, style and pictures', () => {
  const policy = contentSecurityPolicy(PARTS);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'nonce-N0nce'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toContain('*');
});

test('the page has no inline script, style or handler', () => {
  const html = pageHtml(PARTS);
  expect(html).toContain(`content="${contentSecurityPolicy(PARTS)}"`);
  expect(html.match(/<script[^>]*>/g)).toEqual(['<script nonce="N0nce" src="https://r/panel.js">']);
  expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
});
