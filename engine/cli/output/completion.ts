// Scripts of completion, for the three shells that people have. Pure.
//
// All three ask one function of shell: given the words so far, what may come? It looks for the
// longest verb at their beginning, and gives flags to who has begun one, and names to who has not.

export interface Words {
  /** `['ps', 'container ls', …]`. */
  names: readonly string[]
  summary: string
  /** With their hyphens. */
  flags: readonly string[]
  /** What the arguments name. */
  objects: 'containers' | 'images' | 'networks' | 'volumes' | 'files'
}

/** How the daemon is asked, with the global flags that were typed before the verb. */
const listings: Readonly<Record<Words['objects'], string>> = {
  containers: "ps -a --format '{{.Names}}'",
  images: "images --format '{{.Repository}}:{{.Tag}}'",
  networks: "network ls --format '{{.Name}}'",
  volumes: "volume ls --format '{{.Name}}'",
  files: '',
}

/** `case "$verb" in 'ps'|'container ls') flags=…; kind=…`: the table of verbs, in shell. */
function table(words: readonly Words[]): string {
  return words
    .map(({ names, flags, objects }) => {
      const pattern = names.map((name) => `'${name}'`).join('|')
      return `    ${pattern}) flags='${flags.join(' ')} --help'; kind='${objects}' ;;`
    })
    .join('\n')
}

function firstWords(words: readonly Words[]): string {
  return [...new Set(words.flatMap(({ names }) => names.map((name) => name.split(' ')[0] ?? '')))]
    .sort()
    .join(' ')
}

/** The second words of `tocker container`. */
function groupTable(words: readonly Words[]): string {
  const groups = new Map<string, string[]>()
  for (const name of words.flatMap(({ names }) => names)) {
    const [group = '', verb] = name.split(' ')
    if (verb !== undefined) groups.set(group, [...(groups.get(group) ?? []), verb])
  }
  return [...groups].map(([group, verbs]) => `    ${group}) verbs='${verbs.sort().join(' ')}' ;;`).join('\n')
}

/** Of bash and zsh alike: sets `found`, from the words before the one that is typed. */
function core(words: readonly Words[]): string {
  return `# What may follow: __tocker_words CURRENT WORD...
__tocker_words() {
  local current=$1 first= second= skip= flags= kind= verbs= host= word
  shift
  for word in "$@"; do
    if [ -n "$skip" ]; then
      [ "$skip" = host ] && host=$word
      skip=
      continue
    fi
    case $word in
    -H|--host) [ -z "$first" ] && skip=host ;;
    -c|--context|--config|--tlscacert|--tlscert|--tlskey) [ -z "$first" ] && skip=other ;;
    -*) ;;
    *) if [ -z "$first" ]; then first=$word; elif [ -z "$second" ]; then second=$word; fi ;;
    esac
  done
  if [ -z "$first" ]; then
    echo "${firstWords(words)} --host --context --config --tls --tlscacert --tlscert --tlskey --tlsverify --help --version"
    return
  fi
  case $first in
${groupTable(words)}
  esac
  case "$first $second" in
${table(words)}
    *) case "$first" in
${table(words)}
      *) if [ -z "$second" ]; then echo "$verbs"; return; fi ;;
      esac ;;
  esac
  if [ -z "$kind" ]; then echo "$verbs"; return; fi
  case $current in
  -*) echo "$flags"; return ;;
  esac
  [ -z "$second" ] && [ -n "$verbs" ] && echo "$verbs"
  [ -n "$host" ] && set -- -H "$host" || set --
  case $kind in
    containers) tocker "$@" ${listings.containers} 2>/dev/null ;;
    images) tocker "$@" ${listings.images} 2>/dev/null ;;
    networks) tocker "$@" ${listings.networks} 2>/dev/null ;;
    volumes) tocker "$@" ${listings.volumes} 2>/dev/null ;;
    files) echo '<files>' ;;
  esac
}
`
}

export function bashScript(words: readonly Words[]): string {
  return `# bash completion of tocker
${core(words)}
__tocker() {
  local current=\${COMP_WORDS[COMP_CWORD]} found
  # A name with a colon is three words to bash: they are put together again.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cur words cword
    _get_comp_words_by_ref -n : cur words cword
    current=$cur
    found=$(__tocker_words "$cur" "\${words[@]:1:cword-1}")
  else
    found=$(__tocker_words "$current" "\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  fi
  if [ "$found" = '<files>' ]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  COMPREPLY=($(compgen -W "$found" -- "$current"))
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$current"
}
complete -F __tocker tocker
`
}

export function zshScript(words: readonly Words[]): string {
  return `#compdef tocker
${core(words)}
_tocker() {
  local -a found
  found=(\${(f)"$(__tocker_words "\${words[CURRENT]}" "\${(@)words[2,CURRENT-1]}" | tr ' ' '\\n')"})
  if [[ "\${found[1]}" = '<files>' ]]; then _files; else compadd -a found; fi
}
compdef _tocker tocker
`
}

/** fish has conditions in place of a function that prints words. */
export function fishScript(words: readonly Words[]): string {
  const quote = (text: string): string => `'${text.replaceAll(/['\\\\]/g, '\\\\$&')}'`
  const lines = words.flatMap(({ names, summary, flags, objects }) =>
    names.flatMap((name) => {
      const [first = '', second] = name.split(' ')
      const begun =
        second === undefined
          ? `__fish_seen_subcommand_from ${first}`
          : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
      const offer =
        second === undefined
          ? `complete -c tocker -n __fish_use_subcommand -f -a ${first} -d ${quote(summary)}`
          : `complete -c tocker -n ${quote(`__fish_seen_subcommand_from ${first}`)} -f -a ${second} -d ${quote(summary)}`
      const options = flags.map((flag) =>
        flag.startsWith('--')
          ? `complete -c tocker -n ${quote(begun)} -l ${flag.slice(2)}`
          : `complete -c tocker -n ${quote(begun)} -s ${flag.slice(1)}`,
      )
      const named =
        objects === 'files'
          ? []
          : [
              `complete -c tocker -n ${quote(begun)} -f -a ${quote(`(tocker ${listings[objects].replaceAll("'", '"')} 2>/dev/null)`)}`,
            ]
      return [offer, ...options, ...named]
    }),
  )
  return `# fish completion of tocker\n${lines.join('\n')}\n`
}
