// Reads the layers of an overlay: what lies in each directory, and what comes
// out where they are put together.
//
// Two steps: first only mountinfo is read, then, with the directories it names,
// a script is made that lists them; when the mount changes, another one. Between
// two looks only the upper layer is read, since that is where changes go.
//
// Next: lessons/player/watch/layers-picture.ts
import { quote } from '../../../sandbox-vm/quote.ts'
import { type Frame, printable } from './frames.ts'
import { type OverlayMount, overlayAt } from './overlay-mount.ts'
import type { ViewReader } from './sampler.ts'
import type { Layer, LayerEntry, LayersSample } from './samples.ts'

const mostLayers = 8
/** Entries of one layer: read in every frame, and kept of a lower one. */
const [mostNow, mostLower] = [60, 1500]
const depth = 3

export class LayersReader implements ViewReader {
  #mount: OverlayMount | undefined
  #made = ''

  get stale(): boolean {
    return (JSON.stringify(this.#mount) ?? '') !== this.#made
  }

  script(): string {
    this.#made = JSON.stringify(this.#mount) ?? ''
    // Which root: in a container's own mount namespace its paths begin at its root.
    const head = `root=
[ -z "\${pid:-}" ] || [ ! -d "/proc/$pid/root$path" ] || root=/proc/$pid/root
printf 'mounts\\n%s\\n' "$path"
while read -r line; do case $line in *' - overlay '*|*" $path "*) printf '%s\\n' "$line";; esac; done < "/proc/\${pid:-self}/mountinfo"
printf '\\0'`
    const layers = (this.#mount?.layers ?? []).slice(0, mostLayers + 1)
    if (layers.length === 0) return head
    const indexes = (kind: Layer['kind']): number[] =>
      layers.flatMap((layer, index) => (layer.kind === kind ? [index] : []))
    const [lowers, uppers] = [indexes('lower'), indexes('upper')]
    const places = layers.map((layer, index) => place(index, layer.directory)).join('\n')
    const looking = [
      ...lowers.map((index) => list(index, `"$layer${index}"`, mostLower, index !== lowers.at(-1))),
      ...uppers.map((index) => list(index, `"$layer${index}"`, mostNow, true)),
      list('merged', '"$root$path"', mostLower, false),
    ]
    const exported = layers.map((_layer, index) => `layer${index}`).join(' ')
    // The merged view changes where the upper layer does: as long as that is as it was, there is nothing to read.
    const now = uppers.map(
      (index) =>
        `find "$layer${index}"/ -maxdepth ${depth} -printf '%y %s %T@ %P\\n' 2>/dev/null | head -c 9000`,
    )
    // An open directory keeps its file system from being unmounted, and the learner's umount would fail with
    // EBUSY now and then. So we look in a copy of the mount namespace, which is gone after each look.
    return `${head}
${places}
now=$(${now.join('\n') || 'echo'})
if [ $((frame % 15)) -eq 0 ] || [ "$now" != "$before" ]; then
  before=$now
  export root path ${exported}
  unshare --mount sh -c ${quote(looking.join('\n'))}
fi`
  }

  read(frame: Frame): LayersSample | undefined {
    const [path = '', ...lines] = frame.text('mounts').split('\n')
    this.#mount = overlayAt(lines.join('\n'), path)
    const head = { view: 'layers' as const, path: printable(path) }
    if (!this.#mount)
      return { ...head, mounted: false, merged: [], mergedCut: false, layers: [], moreLayers: 0 }
    // Another script is on its way; or all is as it was.
    if (this.stale || frame.all('looked').length === 0) return undefined
    const listed = readEntries(frame)
    const layers = this.#mount.layers.slice(0, mostLayers + 1).map(({ kind, directory }, index): Layer => {
      const { entries = [], cut = false } = listed.get(String(index)) ?? {}
      return { kind, directory: printable(directory), entries, cut }
    })
    const merged = listed.get('merged')
    return bounded({
      ...head,
      mounted: true,
      merged: merged?.entries ?? [],
      mergedCut: merged?.cut ?? false,
      layers,
      moreLayers: Math.max(0, this.#mount.layers.length - layers.length),
    })
  }
}

/**
 * Sets `$layer<index>`. A relative directory was meant from where the mounter stood,
 * which nobody wrote down: the mount point's parents are tried, and where the terminals are.
 */
function place(index: number, directory: string): string {
  const name = quote(directory)
  if (directory.startsWith('/'))
    return `layer${index}=${name}; [ -d ${name} ] || layer${index}="$root"${name}`
  return `layer${index}=/nowhere; up=$path
while [ -n "$up" ]; do
  up=\${up%/*}
  [ -d "$up/"${name} ] && layer${index}="$up/"${name} && break
done
[ "$layer${index}" != /nowhere ] || for t in "$LAB_DIR"/terminals/*; do
  read -r p < "$t" && [ -d "/proc/$p/cwd/"${name} ] && layer${index}="/proc/$p/cwd/"${name} && break
done`
}

/** One record an entry: layer, type, bytes, path. And one for each character device, since find cannot tell 0/0. */
function list(layer: number | string, directory: string, most: number, attributes: boolean): string {
  const names = `printf "opaque\\n${layer}\\n"; getfattr -h -m "overlay.opaque$" "$@"; printf "\\0"`
  const xattrs = attributes ? `, -type d -exec sh -c '${names}' sh {} +` : ''
  return `printf 'looked\\n\\0'
(cd ${directory} && find . -mindepth 1 -maxdepth ${depth} \\( -printf 'file\\t${layer} %y %s %P\\0' -type c -exec stat --printf 'device\\t${layer} %t:%T %n\\0' {} + \\) ${xattrs} | head -z -n ${most + 1}) 2>/dev/null
`
}

function readEntries(frame: Frame): Map<string, { entries: LayerEntry[]; cut: boolean }> {
  const listed = new Map<string, { entries: LayerEntry[]; cut: boolean }>()
  const devices = new Map<string, string>()
  for (const record of frame.all('device')) {
    const [, layer, number = '', name] = /^(\S+) (\S+) \.\/(.*)$/s.exec(record) ?? []
    devices.set(`${layer} ${name}`, number)
  }
  for (const record of frame.all('file')) {
    const [, layer = '', type = '', bytes, path = ''] = /^(\S+) (\S) (\d+) (.*)$/s.exec(record) ?? []
    if (path === '') continue
    const found = listed.get(layer) ?? { entries: [], cut: false }
    listed.set(layer, found)
    // Nobody has character devices in a layer but for this; where stat was cut off, it is one.
    const whiteout = type === 'c' && (devices.get(`${layer} ${path}`) ?? '0:0') === '0:0'
    found.entries.push({
      path,
      type: types[type] ?? 'other',
      bytes: Number(bytes),
      ...(whiteout ? { whiteout: true as const } : {}),
    })
  }
  for (const text of frame.all('opaque')) {
    const [layer = '', ...lines] = text.split('\n')
    for (const line of lines) {
      const [, name] = /^# file: (?:\.\/)?(.*)$/.exec(line) ?? []
      const path = name === undefined ? undefined : unescapeBytes(name)
      const entry = listed.get(layer)?.entries.find((one) => one.path === path)
      if (entry) entry.opaque = true
    }
  }
  for (const [layer, found] of listed)
    found.cut = found.entries.length > (/^\d+$/.test(layer) ? mostNow : mostLower)
  return listed
}

const types: Record<string, LayerEntry['type']> = { f: 'file', d: 'directory', l: 'link' }

/** getfattr writes bytes that could disturb as `\ooo`: here they are UTF-8 again. */
function unescapeBytes(name: string): string {
  const bytes = name.split(/(\\[0-7]{3})/).map((part) => {
    const digits = /^\\([0-7]{3})$/.exec(part)?.[1]
    return digits === undefined ? Buffer.from(part) : Buffer.from([Number.parseInt(digits, 8)])
  })
  return Buffer.concat(bytes).toString()
}

/** What is drawn: the upper layer's entries, the same names below it, and then the first of the others. */
function bounded(sample: LayersSample): LayersSample {
  const upper = new Set(
    sample.layers
      .filter(({ kind }) => kind === 'upper')
      .flatMap(({ entries }) => entries.map(({ path }) => path)),
  )
  const level = ({ path }: LayerEntry): number => path.split('/').length
  const fit = (entries: readonly LayerEntry[]): LayerEntry[] => {
    const ranked = entries.toSorted(
      (a, b) =>
        Number(upper.has(b.path)) - Number(upper.has(a.path)) ||
        level(a) - level(b) ||
        (a.path < b.path ? -1 : 1),
    )
    return ranked
      .slice(0, mostNow)
      .map((one) => ({ ...one, path: printable(one.path) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }
  const many = (entries: readonly LayerEntry[], cut: boolean): boolean => cut || entries.length > mostNow
  return {
    ...sample,
    merged: fit(sample.merged),
    mergedCut: many(sample.merged, sample.mergedCut),
    layers: sample.layers.map((layer) => ({
      ...layer,
      entries: fit(layer.entries),
      cut: many(layer.entries, layer.cut),
    })),
  }
}
