// Where the user's files lie: images (can be made again) and state (machines,
// sockets, progress). Follows the XDG directories on Linux, ~/Library on macOS.
//
// Both can be moved: LEARN_CONTAINERS_CACHE and LEARN_CONTAINERS_STATE.
import { createHash } from 'node:crypto'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import envPaths from 'env-paths'

const paths = envPaths('learn-containers', { suffix: '' })

/** Images and downloaded packages: safe to delete. */
export function cacheDirectory(): string {
  return process.env.LEARN_CONTAINERS_CACHE ?? paths.cache
}

/** Machines, keys and the learner's progress. */
export function stateDirectory(): string {
  return process.env.LEARN_CONTAINERS_STATE ?? paths.data
}

/**
 * Path of a unix socket of `directory`: inside, where only its owner may go. But
 * sun_path holds 108 bytes (unix(7); 104 on macOS), and a home directory may be
 * longer than that.
 */
export function socketPath(directory: string, name: string): string {
  const inside = join(directory, `${name}.sock`)
  if (Buffer.byteLength(inside) < 100) return inside
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 12)
  const base = process.env.XDG_RUNTIME_DIR ?? tmpdir()
  return join(base, `learn-containers-${userInfo().uid}-${digest}-${name}`)
}
