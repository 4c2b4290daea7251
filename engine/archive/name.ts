// File names are bytes to Linux: any but NUL and "/". JavaScript's strings are not.
//
// Most names are UTF-8 and become plain strings. In the others, each byte that is
// none becomes a lone surrogate, U+DC80 to U+DCFF, which no UTF-8 can hold: so it
// goes there and back unchanged, and a path stays one string that can be split,
// compared and kept in a map. Python's "surrogateescape" (PEP 383) is the same.
//
// Called by whoever reads a name from an archive or a directory, or hands one to the kernel.
import { isUtf8 } from 'node:buffer'

/** A name or path for node:fs and engine/syscalls. */
export type PathBytes = string | Buffer

export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') && !isUtf8(bytes) ? decodeEscaped(bytes) : text
}

function decodeEscaped(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    const sequence = bytes.subarray(at, at + length)
    if (sequence.length === length && isUtf8(sequence)) {
      text += sequence.toString('utf8')
      at += length
    } else {
      text += String.fromCharCode(0xdc00 + lead)
      at++
    }
  }
  return text
}

/** Back to bytes, for the kernel: the string itself where that is enough, since Node writes UTF-8. */
export function encodePath(name: string): PathBytes {
  return name.isWellFormed() ? name : encodeName(name)
}

export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name)
  const parts = name.split(/([\udc80-\udcff])/u)
  return Buffer.concat(
    parts.map((part) =>
      /^[\udc80-\udcff]$/u.test(part) ? Buffer.of(part.charCodeAt(0) & 0xff) : Buffer.from(part),
    ),
  )
}
