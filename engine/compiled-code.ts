// Starts a bundle together with what V8 made of it when it was built.
//
// V8 reads JavaScript twice: once to find the functions, and each function again
// when it is first called. For a program that lives 50 ms, that is a third of its
// life. The build (engine/compile.mjs) has V8 compile every function and keeps
// the result beside the source; here both are handed back to V8.
//
//   tocker-init.cjs ──> chunks/tocker-init-3F9A….js        the source
//   (this file)         chunks/tocker-init-3F9A….js.code   the same, compiled
//
// The names hold a hash of the source, so a program that starts while another is
// built gets two files that belong together. V8 refuses code of another version,
// of other flags or of a source of another length, and compiles as it always does.
// Nothing is ever written here: a cache that the next start by root would trust
// has to be as hard to write as the program itself. That is why Node's own,
// module.enableCompileCache(), is not used: it is filled at run time, by each user
// for himself.
//
// CommonJS, and no import of `node:fs` as an ES module: for that, Node asks the
// module for each of its names, and so loads streams and promises, 5 ms.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Script } from 'node:vm'

/** What the bundle evaluates to: the function in which Node, too, puts a CommonJS module. */
type Body = (require: NodeJS.Require, filename: string, shared: object) => void

/**
 * @param shared the same object for all that one program runs: what the first of them made, the next finds there
 * @returns whether V8 took the compiled code; the program runs in either case
 */
export function runCompiled(path: string, shared: object = {}): boolean {
  const cachedData = readCode(`${path}.code`)
  const script = new Script(readFileSync(path, 'utf8'), {
    filename: path,
    ...(cachedData ? { cachedData } : {}),
  })
  const body: Body = script.runInThisContext()
  body(createRequire(path), path, shared)
  return cachedData !== undefined && script.cachedDataRejected === false
}

function readCode(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    // ENOENT: built by a Node that could not, or left out of a package.
    return undefined
  }
}
