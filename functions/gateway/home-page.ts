/** The page that a browser finds at the entry: no script, no style sheet, nothing from elsewhere. */
import type { Home } from '../../shared/contracts/gateway.ts'

/** Renders it. Everything in it comes from this code, nothing from a request. */
export function toHomePage({ name, version, links }: Home): string {
  const items = Object.entries(links).map(
    ([title, path]) => `<li><a href="${path}">${title}</a></li>`,
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title></head>
<body>
<h1>${name} ${version}</h1>
<p>An AI workflow engine made of scale-to-zero functions. This is its API.</p>
<ul>
${items.join('\n')}
</ul>
</body>
</html>
`
}
