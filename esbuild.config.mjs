// Bundles what starts often into one file each, under dist/.
//
// Twenty-five small .ts files cost 182 ms to start with type stripping; the same
// code in one .mjs costs 32 ms. `npm run build` makes the bundles, and the
// commands make them again by themselves when a source file is newer.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { build } from 'esbuild'
import flags from './engine/libcontainer/node-flags.json' with { type: 'json' }

/** One file each: started often, or copied to another machine. */
const single = {
  'tocker-supervisor': 'engine/daemon/supervisor/main.ts',
  tockerd: 'engine/daemon/main.ts',
}
/** Split where the source says import(): `--help` must not load the terminal UI, and the keeper no SSH. */
const split = {
  'learn-containers': 'lessons/terminal/main.tsx',
  site: 'site/server/main.ts',
  keeper: 'sandbox-vm/keeper/main.ts',
}
/** Apart from those: its chunks go into every sandbox, and hold nothing that others need. */
const engineSplit = { tocker: 'engine/cli/main.ts' }
/** What every container waits for, and so compiled ahead: engine/compiled-code.ts. */
const compiled = {
  'tocker-ahead': 'engine/libcontainer/tocker-ahead.ts',
  'tocker-init': 'engine/libcontainer/tocker-init.ts',
  'tocker-runtime': 'engine/libcontainer/tocker-runtime.ts',
}
/** Which of them a program runs, one after the other. */
const programs = {
  'tocker-init': ['tocker-init'],
  'tocker-runtime': ['tocker-ahead', 'tocker-runtime'],
}

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

/**
 * Node's own modules, asked for instead of imported: for each that is imported Node makes a list of
 * exports, and reads all of them to do so, the lazy ones too. `import 'node:fs'` loads its streams, and
 * `import 'node:http'` all of fetch(). A command that people wait for saves 80 ms of 120.
 * @type {import('esbuild').Plugin}
 */
const builtinsByName = {
  name: 'builtins-by-name',
  setup(api) {
    // Loaded later, one is a real import: what stands for it here has no names of its own to take out of it.
    api.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : { path, namespace: 'builtin' },
    )
    api.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

const results = await Promise.all([
  build({ ...options, entryPoints: single }),
  build({ ...options, entryPoints: split, splitting: true }),
  build({
    ...options,
    entryPoints: engineSplit,
    splitting: true,
    banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
    plugins: [builtinsByName],
  }),
  // CommonJS in a function, which is how vm.Script gives it require().
  build({
    ...options,
    entryPoints: compiled,
    entryNames: 'chunks/[name]-[hash]',
    outExtension: { '.js': '.js' },
    format: 'cjs',
    define: { ...options.define, 'import.meta.url': '__url' },
    banner: {
      js: "(function (require, __filename, shared) { const __url = require('node:url').pathToFileURL(__filename).href;",
    },
    footer: { js: '})' },
  }),
])
const files = results.flatMap((result) => result.outputFiles)

const digest = createHash('sha256')
for (const file of files) await put(file)

/** Of each of those: its source under dist, whose name holds the hash of what is in it. @type {Record<string, string>} */
const bodies = Object.fromEntries(
  Object.entries(compiled).map(([name, source]) => {
    const outputs = Object.entries(Object.assign({}, ...results.map((result) => result.metafile.outputs)))
    const [path = ''] = outputs.find(([, { entryPoint }]) => entryPoint === source) ?? []
    return [name, path.slice('dist/'.length)]
  }),
)
execFileSync(process.execPath, [
  ...flags,
  'engine/compile.mjs',
  ...Object.values(bodies).map((body) => `dist/${body}`),
])
// What starts them names them, so it comes last.
const starts = await build({
  ...options,
  entryPoints: Object.keys(programs).map((name) => ({ in: `start:${name}`, out: name })),
  outExtension: { '.js': '.cjs' },
  sourcemap: false,
  format: 'cjs',
  banner: {},
  define: {},
  plugins: [
    {
      name: 'start',
      setup(api) {
        api.onResolve({ filter: /^start:/ }, ({ path }) => ({
          path: path.slice('start:'.length),
          namespace: 'start',
        }))
        api.onLoad({ filter: /.*/, namespace: 'start' }, ({ path }) => ({
          contents: [
            "import { runCompiled } from './engine/compiled-code.ts'",
            'const shared = {}',
            ...bodiesOf(path).map((body) => `runCompiled(\`\${__dirname}/${body}\`, shared)`),
          ].join('\n'),
          resolveDir: '.',
        }))
      },
    },
  ],
})
for (const file of starts.outputFiles) await put(file)

// Chunks of an earlier build: nobody names them any more.
for (const name of await readdir('dist/chunks').catch(() => [])) {
  if (!files.some((file) => file.path.endsWith(`/chunks/${name.replace(/\.code$/, '')}`)))
    await rm(`dist/chunks/${name}`)
}

const { version } = JSON.parse(await readFile('package.json', 'utf8'))
await writeFile('dist/stamp', `${version} ${digest.digest('hex')}\n`)
for (const name of Object.keys({ ...single, ...split, ...engineSplit }))
  await chmod(`dist/${name}.mjs`, 0o755)

// What goes to /opt/tocker in a sandbox: the engine's bundle, and koffi with the
// one native file that this platform needs (glibc; the package brings musl's too).
const engine = 'dist/engine.new'
await rm(engine, { recursive: true, force: true })
await mkdir(engine, { recursive: true })
const tocker = results[2].outputFiles.map(({ path }) => relative('dist', path))
const daemon = ['tockerd', 'tocker-supervisor'].flatMap((name) => [`${name}.mjs`, `${name}.mjs.map`])
for (const file of [...tocker, ...daemon, ...Object.keys(programs).flatMap(filesOf)])
  await cp(`dist/${file}`, `${engine}/${file}`)
await writeFile(`${engine}/package.json`, `${JSON.stringify({ name: 'tocker', version, type: 'module' })}\n`)
// Its commands. Node raises its soft limit of open files to the hard one: a container gets what we were given.
await mkdir(`${engine}/bin`)
for (const [name, words] of Object.entries({
  tocker: '/opt/tocker/tocker.mjs',
  tockerd: '--max-semi-space-size=2 /opt/tocker/tockerd.mjs',
  'tocker-runtime': [...flags, '/opt/tocker/tocker-runtime.cjs'].join(' '),
}))
  await writeFile(
    `${engine}/bin/${name}`,
    `#!/bin/sh\nTOCKER_NOFILE=$(ulimit -S -n)\nexport TOCKER_NOFILE\nexec \${TOCKER_NODE:-/usr/local/bin/node} ${words} "$@"\n`,
    { mode: 0o755 },
  )
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

/** Written beside, then renamed: a program that starts while we build sees the old file or the new one. @param {import('esbuild').OutputFile} file */
async function put({ path, contents }) {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, contents)
  await rename(temporary, path)
  digest.update(contents)
}

/** What a program runs, under dist. @param {string} program */
function bodiesOf(program) {
  const names = Object.entries(programs).flatMap(([name, list]) => (name === program ? list : []))
  return names.flatMap((name) => bodies[name] ?? [])
}

/** All of a program that is compiled ahead. @param {string} program */
function filesOf(program) {
  return [`${program}.cjs`, ...bodiesOf(program).flatMap((body) => [body, `${body}.map`, `${body}.code`])]
}
