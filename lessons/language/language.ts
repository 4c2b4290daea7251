// The languages that readers speak, and how one is chosen.
//
// The words of the programs stand beside this file, one file an area, each with
// `en` and `zh` of one shape; the words of a lesson in lesson.md and lesson.zh.md.

export type Language = 'en' | 'zh'

/** The language of a terminal's user: LC_ALL, LC_MESSAGES, LANG as locale(7) ranks them. */
export function languageOf(environment: Record<string, string | undefined>): Language {
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || ''
  return /^zh/i.test(locale) ? 'zh' : 'en'
}

/** The language of a command: what `--lang` asks for, wherever it stands; else that of the terminal's user. */
export function languageOfCommand(
  argv: readonly string[],
  environment: Record<string, string | undefined>,
): Language {
  const at = argv.findIndex((one) => one === '--lang' || one.startsWith('--lang='))
  const asked = at < 0 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1])
  return languageOf(asked ? { LANG: asked } : environment)
}
