/** Shell scripts are bundled as text (esbuild.mjs). */
declare module '*.sh' {
  const text: string;
  export default text;
}
