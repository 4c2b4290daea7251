// Finds an overlay in /proc/PID/mountinfo, and the directories it is made of.
//
// The kernel escapes twice: in the options a directory's own ":" is "\:", and
// then white space, "\" and "," of every field are octal numbers (seq_file).
// Pure.
//
// Next: lessons/player/watch/layers.ts

export interface OverlayMount {
  /** Upper first, then the lower ones from top to bottom. As the mounter wrote them: they may be relative. */
  layers: { kind: 'upper' | 'lower'; directory: string }[]
}

/** The overlay that is mounted at `path`; the last one, where several lie upon each other. */
export function overlayAt(mountinfo: string, path: string): OverlayMount | undefined {
  const wanted = path.length > 1 ? path.replace(/\/+$/, '') : path
  let found: OverlayMount | undefined
  for (const line of mountinfo.split('\n')) {
    const [left = '', right] = line.split(' - ')
    if (unescapeOctal(left.split(' ')[4] ?? '') !== wanted) continue
    const [type, , options = ''] = right?.split(' ') ?? []
    // Another file system over it hides it.
    found = type === 'overlay' ? { layers: layersOf(options) } : undefined
  }
  return found
}

function layersOf(options: string): OverlayMount['layers'] {
  const layers: OverlayMount['layers'] = []
  for (const option of options.split(',')) {
    const cut = option.indexOf('=')
    const value = unescapeOctal(option.slice(cut + 1))
    const name = option.slice(0, cut)
    if (name === 'upperdir') layers.unshift({ kind: 'upper', directory: unescapeColons(value) })
    // Kernels since 6.5 may say each on its own: lowerdir+=.
    if (name === 'lowerdir' || name === 'lowerdir+')
      for (const part of splitAtColons(value)) layers.push({ kind: 'lower', directory: unescapeColons(part) })
  }
  return layers
}

/** At ":" that no "\" stands before. "::" begins data-only layers, which hold nothing that can be seen. */
function splitAtColons(text: string): string[] {
  const [shown = ''] = text.split(/(?<!\\)::/)
  return shown.match(/(?:\\.|[^:\\])+/gs) ?? []
}

function unescapeColons(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1')
}

/** `\040` -> a space. Bytes above 0x7f are not escaped. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}
