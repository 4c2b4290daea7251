// Frames of the live views' samplers as the VM printed them, recorded, and frames
// made by hand: for tests of what reads and draws them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Frame, FrameReader } from '../../lessons/player/watch/frames.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

const recorded: Record<string, string> = JSON.parse(
  readFileSync(join(packageRoot(), 'test/unit/lessons/frames.json'), 'utf8'),
)

export type Recorded = 'namespaces' | 'layers' | 'siblings' | 'solo' | 'bridge' | 'cable'

/** @param edit what to change in the recorded text */
export function recordedFrame(name: Recorded, edit: (text: string) => string = (text) => text): Frame {
  return frameOf(edit(recorded[name] ?? ''))
}

/** The frame in a stream, fed in pieces that cut wherever they cut. */
export function frameOf(stream: string | Uint8Array, piece = 1000): Frame {
  const found: Frame[] = []
  const reader = new FrameReader((frame) => void found.push(frame))
  const bytes = Buffer.from(stream)
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece))
  const [frame] = found
  if (!frame) throw new Error('no frame in the stream')
  return frame
}
