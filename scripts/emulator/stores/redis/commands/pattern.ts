/** Redis's glob: `*`, `?`, `[ab]`, `[^a]`, `[a-z]`, and a backslash before any of them. */

/** The regular expression that matches what `glob` matches. */
export function toPattern(glob: string): RegExp {
  let source = ''
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at] ?? ''
    if (char === '*') source += '[^]*'
    else if (char === '?') source += '[^]'
    else if (char === '\\') source += quote(glob[++at] ?? '\\')
    else if (char === '[') {
      const end = glob.indexOf(']', at + 1)
      if (end < 0) source += '\\['
      else {
        source += `[${glob.slice(at + 1, end).replace(/[\\\]]/g, '\\$&')}]`
        at = end
      }
    } else source += quote(char)
  }
  return new RegExp(`^${source}$`)
}

const quote = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
