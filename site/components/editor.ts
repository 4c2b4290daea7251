// Monaco, loaded when somebody wants it: it is several times the rest of the site.
import type * as Monaco from 'monaco-editor/editor/editor.api.js'

let loading: Promise<typeof Monaco> | undefined
let following = false

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

/** Monaco has one theme for all its editors: that of the page, also when the learner changes it. */
function followTheme(monaco: typeof Monaco): void {
  const page = document.documentElement
  const apply = (): void => monaco.editor.setTheme(page.classList.contains('dark') ? 'lab-dark' : 'lab-light')
  if (!following) {
    following = true
    const colours = (background: string, line: string) => ({
      'editor.background': background,
      'editorGutter.background': background,
      'editorLineNumber.foreground': line,
    })
    monaco.editor.defineTheme('lab-light', {
      base: 'vs',
      inherit: true,
      rules: [],
      colors: colours('#f6f7f7', '#5c5c66'),
    })
    monaco.editor.defineTheme('lab-dark', {
      base: 'vs-dark',
      inherit: true,
      rules: [],
      colors: colours('#1b2225', '#9aa3a6'),
    })
    new MutationObserver(apply).observe(page, { attributeFilter: ['class'] })
  }
  apply()
}

/** An editor in `host`, as tall as its text, in the colours of the page. Returns what to dispose of. */
export async function createEditor(
  host: HTMLElement,
  options: { value: string; language: string; readOnly: boolean; firstLine?: number; label: string },
): Promise<Monaco.editor.IStandaloneCodeEditor> {
  const monaco = await loadMonaco()
  followTheme(monaco)
  const first = options.firstLine ?? 1
  const editor = monaco.editor.create(host, {
    value: options.value,
    language: options.language,
    readOnly: options.readOnly,
    ariaLabel: options.label,
    lineNumbers: (line) => String(line + first - 1),
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    automaticLayout: true,
    fontSize: 13,
    folding: false,
    overviewRulerLanes: 0,
    wordWrap: options.readOnly ? 'off' : 'on',
    // Tab moves on in what is only read; who edits leaves by Ctrl+M, or by our own keys.
    tabFocusMode: options.readOnly,
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
