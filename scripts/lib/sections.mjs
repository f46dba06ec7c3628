/** Pages of which commands write one section each, so that each can be made anew without the others. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Replaces the section `name` of a page with Markdown text, or adds it at the page's end. A section stands between
 * `<!-- name: written by COMMAND -->` and `<!-- end of name -->`. `title` heads the page when it is made anew.
 */
export function writeSection(file, { title, name, command, text }) {
  const end = `<!-- end of ${name} -->`;
  const section = `<!-- ${name}: written by "${command}" -->\n\n${text.trim()}\n\n${end}`;
  const page = existsSync(file) ? readFileSync(file, 'utf8') : `# ${title}\n`;
  const from = page.indexOf(`<!-- ${name}: written by `);
  const to = page.indexOf(end);
  if (from < 0 || to < from) writeFileSync(file, `${page.trimEnd()}\n\n${section}\n`);
  else writeFileSync(file, page.slice(0, from) + section + page.slice(to + end.length));
}
