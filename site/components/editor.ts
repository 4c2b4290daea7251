// Monaco, loaded when somebody wants it: it is several times the rest of the site.
import type * as Monaco from 'monaco-editor/editor/editor.api.js'

let loading: Promise<typeof Monaco> | undefined

function loadMonaco(): Promise<typeof Monaco> {
  if (loading) return loading
  loading = (async () => {
    const [monaco, { default: EditorWorker }] = await Promise.all([
      // The editor and two grammars. The whole package brings eighty languages and their servers.
      import('monaco-editor/editor/editor.api.js'),
      import('monaco-editor/editor/editor.worker.js?worker'),
      import('monaco-editor/languages/definitions/typescript/register.js'),
      import('monaco-editor/languages/definitions/shell/register.js'),
    ])
    self.MonacoEnvironment = { getWorker: () => new EditorWorker() }
    return monaco
  })()
  return loading
}

/** An editor in `host`, as tall as its text, in the colours of the page. Returns what to dispose of. */
export async function createEditor(
  host: HTMLElement,
  options: { value: string; language: string; readOnly: boolean; firstLine?: number; label: string },
): Promise<Monaco.editor.IStandaloneCodeEditor> {
  const monaco = await loadMonaco()
  const dark = document.documentElement.classList.contains('dark')
  const first = options.firstLine ?? 1
  const editor = monaco.editor.create(host, {
    value: options.value,
    language: options.language,
    readOnly: options.readOnly,
    ariaLabel: options.label,
    theme: dark ? 'vs-dark' : 'vs',
    lineNumbers: (line) => String(line + first - 1),
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    automaticLayout: true,
    fontSize: 13,
    folding: false,
    renderLineHighlight: 'none',
    // The page scrolls, not the editor in it.
    scrollbar: { alwaysConsumeMouseWheel: false },
    tabSize: 2,
  })
  const grow = (): void => {
    host.style.height = `${Math.min(640, editor.getContentHeight())}px`
  }
  editor.onDidContentSizeChange(grow)
  grow()
  return editor
}
