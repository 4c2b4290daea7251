// Two streams over one connection: what a container without a terminal writes to stdout
// and stderr, each piece behind eight bytes that say which it is and how long.
//
//   +--------+---+---+---+------------------+---------
//   | stream | 0 | 0 | 0 | length, uint32BE | bytes …
//   +--------+---+---+---+------------------+---------
//
// stream is 1 for stdout, 2 for stderr, 0 for stdin, and 3 for an error of the engine's own.
// With a terminal there is one stream only, and no frames.
// https://docs.docker.com/reference/api/engine/ (ContainerAttach, "Stream format")

export type StreamName = 'stdin' | 'stdout' | 'stderr' | 'systemerr'

const numbers: Readonly<Record<StreamName, number>> = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 }

export function frame(stream: StreamName, bytes: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(8 + bytes.length)
  framed.writeUInt32BE(numbers[stream] * 2 ** 24, 0)
  framed.writeUInt32BE(bytes.length, 4)
  framed.set(bytes, 8)
  return framed
}
