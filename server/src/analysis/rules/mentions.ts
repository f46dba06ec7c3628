/** Whether C text uses a variable or an expression such as `ctx.ret`: as whole words, and not as a field of another. */
export function mentions(text: string, expression: string): boolean {
  return new RegExp(`(?<![\\w.>])${escapeRegExp(expression)}(?!\\w)`).test(text);
}

/** Text for a regular expression that means itself. */
export function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
