export { rule as objectNameVmlinuxString } from './object-name-vmlinux-string.ts';
