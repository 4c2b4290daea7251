// Bundles what starts often into one file each, under dist/.
//
// Twenty-five small .ts files cost 182 ms to start with type stripping; the same
// code in one .mjs costs 32 ms. `npm run build` makes the bundles, and the
// commands make them again by themselves when a source file is newer.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { build } from 'esbuild'

/** One file each: started often, or copied to another machine. */
const single = {
  keeper: 'sandbox-vm/keeper/main.ts',
  tocker: 'engine/cli/main.ts',
  'tocker-init': 'engine/libcontainer/tocker-init.ts',
}
/** Split where the source says import(): `--help` must not load the terminal UI. */
const split = {
  'learn-containers': 'lessons/terminal/main.tsx',
  site: 'site/server/main.ts',
}
/** Split too, and apart from the others: shared chunks would bring it what only they need. */
const runtime = { 'tocker-runtime': 'engine/libcontainer/tocker-runtime.ts' }

// ssh2 and others are CommonJS: inside an ES module they need what CommonJS gives.
const banner =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url), __cjsDirname = import.meta.dirname;"

/** @type {import('esbuild').BuildOptions & { write: false, metafile: true }} */
const options = {
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  jsx: 'automatic',
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  write: false,
  metafile: true,
  // Native code stays outside: koffi is installed beside us, the rest is optional speed for ssh2.
  // VitePress finds its own files only where it is installed; `site --dev` alone asks for it.
  external: ['koffi', 'cpu-features', '*.node', 'vitepress'],
  define: { 'process.env.NODE_ENV': '"production"', __dirname: '__cjsDirname' },
  banner: { js: banner },
  logLevel: 'warning',
  plugins: [
    {
      // Ink asks for it only when DEV is set, and it is not installed.
      name: 'no-devtools',
      setup(api) {
        api.onResolve({ filter: /^react-devtools-core$/ }, () => ({ path: 'none', namespace: 'none' }))
        api.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'export default undefined' }))
      },
    },
  ],
}

const results = await Promise.all([
  build({ ...options, entryPoints: single }),
  build({ ...options, entryPoints: split, splitting: true }),
  build({ ...options, entryPoints: runtime, splitting: true }),
])
const files = results.flatMap((result) => result.outputFiles)

// Write beside, then rename: a program that starts while we build sees the old bundle or the new one.
const digest = createHash('sha256')
for (const file of files) {
  await mkdir(dirname(file.path), { recursive: true })
  const temporary = `${file.path}.${process.pid}`
  await writeFile(temporary, file.contents)
  await rename(temporary, file.path)
  digest.update(file.contents)
}
// Chunks of an earlier build: nobody names them any more.
for (const name of await readdir('dist/chunks').catch(() => [])) {
  if (!files.some((file) => file.path.endsWith(`/chunks/${name}`))) await rm(`dist/chunks/${name}`)
}

const { version } = JSON.parse(await readFile('package.json', 'utf8'))
await writeFile('dist/stamp', `${version} ${digest.digest('hex')}\n`)
for (const name of Object.keys({ ...single, ...split, ...runtime })) await chmod(`dist/${name}.mjs`, 0o755)

// What goes to /opt/tocker in a sandbox: the engine's bundle, and koffi with the
// one native file that this platform needs (glibc; the package brings musl's too).
const engine = 'dist/engine.new'
await rm(engine, { recursive: true, force: true })
await mkdir(engine, { recursive: true })
for (const name of ['tocker', 'tocker-init', 'tocker-runtime'].flatMap(withImports))
  for (const file of [name, `${name}.map`]) await cp(`dist/${file}`, `${engine}/${file}`)
await writeFile(`${engine}/package.json`, `${JSON.stringify({ name: 'tocker', version, type: 'module' })}\n`)
const native = `node_modules/@koromix/koffi-linux-${process.arch}`
if (existsSync(native)) {
  const script = (/** @type {string} */ path) => /\.(c?js|json)$/.test(path) || !/\.[^/]+$/.test(path)
  await cp('node_modules/koffi/package.json', `${engine}/node_modules/koffi/package.json`)
  await cp('node_modules/koffi/index.cjs', `${engine}/node_modules/koffi/index.cjs`)
  await cp('node_modules/koffi/src', `${engine}/node_modules/koffi/src`, { recursive: true, filter: script })
  await cp('node_modules/koffi/lib', `${engine}/node_modules/koffi/lib`, { recursive: true, filter: script })
  await cp(native, `${engine}/${native}`, {
    recursive: true,
    filter: (path) => !path.includes('musl') && !path.endsWith('.md'),
  })
}
await rm('dist/engine', { recursive: true, force: true })
await rename(engine, 'dist/engine')

/** A bundle and the chunks that it loads, as paths below dist. @param {string} name */
function withImports(name) {
  const outputs = Object.assign({}, ...results.map((result) => result.metafile.outputs))
  const found = new Set([`dist/${name}.mjs`])
  for (const path of found)
    for (const { path: imported, external } of outputs[path]?.imports ?? [])
      if (!external) found.add(imported)
  return [...found].map((path) => path.slice('dist/'.length))
}
