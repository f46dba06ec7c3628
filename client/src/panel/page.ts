/** What the panel's page is made of; addresses as the webview sees them. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
  /** Where styles and pictures may come from. */
  readonly cspSource: string;
  /** Fresh for each page. */
  readonly nonce: string;
}

/** Nothing inline, nothing from elsewhere, no connections. Positions are set through the CSSOM, which this allows. */
export function contentSecurityPolicy(parts: Pick<PageParts, 'cspSource' | 'nonce'>): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${parts.nonce}'`,
    `style-src ${parts.cspSource}`,
    `img-src ${parts.cspSource} data:`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The page's frame; `panel.ts` builds what is in it. */
export function pageHtml(parts: PageParts): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Livepatch simulation</title>
<link rel="stylesheet" href="${parts.style}">
</head>
<body>
<div id="panel"></div>
<script nonce="${parts.nonce}" src="${parts.script}"></script>
</body>
</html>
`;
}
