// Part of the build: has V8 compile a bundle, and keeps the result as <bundle>.code,
// which compiled-code.ts hands back to V8.
//
//   node <flags of node-flags.json> engine/compile.mjs <bundle> …
//
// All functions, and not only those that some rehearsal calls: a rehearsal needs
// root and a kernel that the build may not have. It costs 1 ms more to load.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

for (const path of process.argv.slice(2)) {
  const source = readFileSync(path, 'utf8')
  // --lazy again before the code is taken: it remembers under which flags it was made.
  setFlagsFromString('--no-lazy')
  try {
    const script = new Script(source, { filename: path })
    setFlagsFromString('--lazy')
    const temporary = `${path}.code.${process.pid}`
    writeFileSync(temporary, script.createCachedData())
    renameSync(temporary, `${path}.code`)
  } catch (error) {
    // A Node too old for the bundle can build it all the same: who runs it has a newer one.
    if (!(error instanceof SyntaxError)) throw error
  }
}
