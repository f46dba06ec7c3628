/** A coordinate with one decimal. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text between tags or in an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
