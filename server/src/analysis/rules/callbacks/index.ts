export { rule as callbackLoadsModule } from './callback-loads-module.ts';
export { rule as callbackOnNullMod } from './callback-on-null-mod.ts';
export { rule as callbackPositiveReturn } from './callback-positive-return.ts';
export { rule as callbackReentersLivepatch } from './callback-reenters-livepatch.ts';
export { rule as callbackSleepsLong } from './callback-sleeps-long.ts';
export { rule as callbackWrongPairing } from './callback-wrong-pairing.ts';
export { rule as callbackWrongSignature } from './callback-wrong-signature.ts';
export { rule as prePatchWithoutPostUnpatch } from './pre-patch-without-post-unpatch.ts';
