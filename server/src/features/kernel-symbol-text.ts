import type { KernelKnowledge, KernelSymbol } from '../kernel/knowledge.ts';

/** What is known of a kernel's function, without addresses: `vmlinux, 104 bytes, 2nd of 3, can’t be traced`. */
export function symbolText(symbol: KernelSymbol, knowledge: KernelKnowledge): string {
  const { module, size, traceable, exported } = symbol;
  const same = knowledge.lookup(symbol.name, module).length;
  return [
    module ?? 'vmlinux',
    ...(size === null ? [] : [`${size} bytes`]),
    ...(same > 1 ? [`${ordinal(symbol.position)} of ${same}`] : []),
    ...(symbol.kind === 'data' ? ['data'] : []),
    ...(traceable === false && symbol.kind === 'function' ? ['can’t be traced'] : []),
    ...(exported === 'gpl' ? ['exported (GPL)'] : exported === 'yes' ? ['exported'] : []),
  ].join(', ');
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(number: number): string {
  const tens = number % 100;
  const ending = tens >= 11 && tens <= 13 ? undefined : { 1: 'st', 2: 'nd', 3: 'rd' }[number % 10];
  return `${number}${ending ?? 'th'}`;
}
