// `spec`: a config.json to begin with.
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import { exampleConfig } from '../config/example.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'create a new specification file',
  usage: '[options]',
  flags: [
    { name: 'bundle', short: 'b', kind: 'text', help: 'path to the root of the bundle directory' },
    { name: 'rootless', kind: 'switch', help: 'generate a configuration for a rootless container' },
  ],
  arity: [0, 0],
  run(_context, flags) {
    const path = join(resolve(flags.text('bundle') || '.'), 'config.json')
    const user = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
    const config = exampleConfig({
      ...(flags.on('rootless') ? { rootless: user } : {}),
      cgroupNamespace: existsSync('/sys/fs/cgroup/cgroup.controllers'),
    })
    try {
      // wx: a config that somebody has edited is never written over.
      writeFileSync(path, `${JSON.stringify(config, null, '\t')}\n`, { flag: 'wx', mode: 0o666 })
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
        throw new EngineError('conflict', 'File config.json exists. Remove it first')
      throw new EngineError('forbidden', `write ${path}`, { cause })
    }
    return 0
  },
}
