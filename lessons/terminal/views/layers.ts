// An overlay as text: what comes out, and below it the layers, upper on top.
// Pure: a picture in, lines out.
import stringWidth from 'string-width'
import type { ViewWords } from '../../language/views.ts'
import { bytesInWords } from '../../player/watch/amounts.ts'
import type { LayersPicture } from '../../player/watch/layers-picture.ts'
import type { LayerEntry } from '../../player/watch/samples.ts'
import { paint, type Style } from '../paint.ts'
import { cell, clip, colourOf, row } from './row.ts'

/** Files stand side by side; what is hidden is between tildes and struck through. */
export function layersLines(picture: LayersPicture, width: number, words: ViewWords): string[] {
  const { sample } = picture
  if (!sample.mounted) return [row(width, [`${words.layers.notMounted}: ${sample.path}`, 'dim'])]
  const marks = sample.layers.map(({ kind }, index) =>
    kind === 'upper'
      ? 'U'
      : String(sample.layers.slice(0, index + 1).filter((one) => one.kind === 'lower').length),
  )
  const more = (cut: boolean): [string, Style][] => (cut ? [[words.layers.cut, 'dim']] : [])
  const merged = picture.merged.map(({ entry, from }): [string, Style] => [
    `${nameOf(entry)}·${from.map((index) => marks[index]).join('') || '?'}`,
    from[0] === undefined ? 'dim' : colourOf(from[0]),
  ])
  return [
    ...flow(words.layers.merged, 'bold', [...merged, ...more(sample.mergedCut)], width, words),
    ...sample.layers.flatMap((layer, index) => {
      const name = layer.kind === 'upper' ? words.layers.upper : words.layers.lower(Number(marks[index]))
      const entries = (picture.layers[index] ?? []).map(({ entry, hidden, fresh }): [string, Style] => {
        if (entry.whiteout) return [`✕${entry.path}`, ['bold', 'red']]
        if (hidden) return [`~${nameOf(entry)}~`, ['dim', 'strikethrough']]
        const size = entry.type === 'file' ? ` ${bytesInWords(entry.bytes)}` : ''
        const sign = entry.opaque ? '▧' : ''
        const text = `${sign}${nameOf(entry)}${size}`
        return [text, fresh ? ['inverse', 'bold'] : colourOf(index)]
      })
      return flow(`${marks[index]} ${name}`, colourOf(index), [...entries, ...more(layer.cut)], width, words)
    }),
    ...(sample.moreLayers > 0 ? [row(width, [words.layers.moreLayers(sample.moreLayers), 'dim'])] : []),
    ...picture.copies
      .slice(0, 2)
      .map((copy) =>
        row(width, [`⬆ ${words.layers.copied(copy.path, bytesInWords(copy.bytes))}`, ['bold', 'yellow']]),
      ),
    ...legend(picture, width, words),
  ]
}

/** What the signs mean that stand in the picture, and no others. */
function legend({ merged, layers }: LayersPicture, width: number, words: ViewWords): string[] {
  const all = layers.flat()
  const { from, whiteout, hidden, opaque } = words.layers.legend
  const said = [
    ...(merged.length > 0 ? [from] : []),
    ...(all.some(({ entry }) => entry.whiteout) ? [whiteout] : []),
    ...(all.some((one) => one.hidden && !one.entry.whiteout) ? [hidden] : []),
    ...(all.some(({ entry }) => entry.opaque && !entry.whiteout) ? [opaque] : []),
  ]
  return said.length === 0
    ? []
    : flow(
        '',
        'dim',
        said.map((one) => [one, 'dim'] as const),
        width,
        words,
      )
}

function nameOf(entry: LayerEntry): string {
  return entry.type === 'directory' ? `${entry.path}/` : entry.path
}

/** Words in as many lines as they need, behind a label. */
function flow(
  label: string,
  style: Style,
  items: readonly (readonly [string, Style])[],
  width: number,
  words: ViewWords,
): string[] {
  const left = 14
  const room = width - left
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const [text, look] of items.length > 0 ? items : [[words.layers.empty, 'dim'] as const]) {
    const shown = clip(text, room)
    if (used > 0 && used + 2 + stringWidth(shown) > room) {
      lines.push(line)
      ;[line, used] = ['', 0]
    }
    line += (used > 0 ? '  ' : '') + paint(look, shown)
    used += (used > 0 ? 2 : 0) + stringWidth(shown)
  }
  lines.push(line)
  return lines.map((one, index) => paint(style, cell(index === 0 ? label : '', left)) + one)
}
