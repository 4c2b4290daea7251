// The Go templates of --format: what they can, and what they say to what they cannot.
import { describe, expect, test } from 'vitest'
import { compileTemplate } from '../../../../engine/cli/output/template/evaluate.ts'

const value = {
  Id: 'sha256:abc',
  RepoTags: ['a:1', 'b:2'],
  Empty: [],
  Size: 42,
  Config: { Env: ['PATH=/bin', 'X=<y>'], Labels: { maintainer: 'me', 'a.b': 'dotted' }, Cmd: null },
  On: true,
}

test.each([
  ['{{.Id}}', 'sha256:abc'],
  ['plain', 'plain'],
  ['{{json .}}', JSON.stringify(value)],
  ['{{ json .Config.Labels }}', '{"maintainer":"me","a.b":"dotted"}'],
  ['{{.Config.Labels.maintainer}} {{.Config.Labels.other}}', 'me <no value>'],
  ['{{index .Config.Labels "a.b"}} {{index .RepoTags 1}} {{(index .RepoTags 0) | upper}}', 'dotted b:2 A:1'],
  [
    '{{.RepoTags}} {{.Config.Cmd}} {{.On}} {{.Config.Labels}}',
    '[a:1 b:2] <nil> true map[a.b:dotted maintainer:me]',
  ],
  ['{{range .RepoTags}}<{{.}}>{{end}}', '<a:1><b:2>'],
  ['{{range $i, $t := .RepoTags}}{{$i}}={{$t}} {{$.Size}};{{end}}', '0=a:1 42;1=b:2 42;'],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{range $k, $v := .Config.Labels}}{{$k}},{{end}}', 'a.b,maintainer,'],
  ['{{range .RepoTags}}{{if eq . "b:2"}}{{break}}{{end}}{{.}}{{end}}', 'a:1'],
  ['{{range .RepoTags}}{{if eq . "a:1"}}{{continue}}{{end}}{{.}}{{end}}', 'b:2'],
  ['{{if .Empty}}full{{else if gt .Size 40}}large{{else}}small{{end}}', 'large'],
  ['{{with .Config}}{{len .Env}}{{end}}{{with .Empty}}x{{else}}-{{end}}', '2-'],
  ['{{if and .On (not .Empty)}}yes{{end}}{{if or .Empty .Config.Cmd}}no{{end}}', 'yes'],
  ['{{and .Config.Cmd .Config.Cmd.Deep}}', '<nil>'],
  ['{{$x := 1}}{{if .On}}{{$x = 2}}{{end}}{{$x}}', '2'],
  ['{{$x := 1}}{{if .On}}{{$x := 2}}{{end}}{{$x}}', '1'],
  ['{{join .RepoTags ", "}} {{lower "AB"}} {{title "ab cd"}} {{truncate .Id 6}}', 'a:1, b:2 ab Ab Cd sha256'],
  ['{{println "a" 1}}{{print "a" 1 2 "b"}}', 'a 1\na1 2b'],
  [
    '{{printf "%-6s|%5d|%q|%.2f|%x|%v|%%" .Id .Size "q" 1.5 255 .RepoTags}}',
    'sha256:abc|   42|"q"|1.50|ff|[a:1 b:2]|%',
  ],
  ['{{printf "%05d %s" 42}}', '00042 %!s(MISSING)'],
  ['{{html "<a>"}} {{urlquery "a b&"}}', '&lt;a&gt; a+b%26'],
  ['a {{- .Size -}} b', 'a42b'],
  ['a{{/* a comment */}}b{{- /* another */ -}} c', 'abc'],
  ['{{"quoted \\"\\n"}}{{`raw\\n`}}', 'quoted "\nraw\\n'],
  ['{{.Size | printf "%d-%s" 1}}', '1-42'],
  ['{{slice .Id 7}} {{slice .RepoTags 0 1}}', 'abc [a:1]'],
  [
    '{{split "a/b" "/"}} {{eq .Size 1 42}} {{ne "a" "b"}} {{le 1 1}} {{lt "a" "b"}} {{ge 1 2}}',
    '[a b] true true true true false',
  ],
  ['{{.}}', /^map\[Config:map\[/],
])('%s', (template, expected) => {
  const text = compileTemplate(template)(value)
  if (typeof expected === 'string') expect(text).toBe(expected)
  else expect(text).toMatch(expected)
})

describe('one line says what is wrong', () => {
  test.each([
    ['{{.Foo}}', /there is no field \.Foo; there are Id RepoTags /],
    ['{{.Id', /unclosed action/],
    ['{{if .Id}}', /\{\{if \.Id\}\} has no \{\{end\}\}/],
    ['{{if .Id}}x{{else}}y', /has no \{\{end\}\}/],
    ['{{end}}', /unexpected \{\{end\}\}/],
    ['{{if .On}}{{else range .RepoTags}}{{end}}', /unexpected \{\{else range/],
    ['{{}}', /\{\{\} is empty|\{\{\}\} is empty/],
    ['{{frobnicate .Id}}', /function "frobnicate" not defined; there are and .*json/],
    ['{{if .Empty}}{{nope}}{{end}}', /function "nope" not defined/],
    ['{{template "x"}}', /\{\{template\}\} is not known here/],
    ['{{$y}}', /undefined variable "\$y"/],
    ['{{$y = 1}}', /undefined variable "\$y"/],
    ['{{.Config.Cmd.Deep}}', /nil pointer evaluating \.Deep/],
    ['{{.Size.Deep}}', /can't evaluate field Deep in a number/],
    ['{{.Id .Size}}', /can't give argument to non-function \.Id/],
    ['{{index .RepoTags 5}}', /index out of range: 5/],
    ['{{index .RepoTags "x"}}', /expected a number, got a string/],
    ['{{index .Size 1}}', /can't index a number/],
    ['{{join .Id ","}}', /join: expected a list, got a string/],
    ['{{upper .Size}}', /upper: wrong type for value; expected a string, got a number/],
    ['{{upper}}', /wrong number of args for upper: want 1 got 0/],
    ['{{eq .Size "x"}}', /incompatible types for comparison/],
    ['{{printf "%z" 1}}', /printf: %z is not known here/],
    ['{{range .On}}{{end}}', /range can't iterate over a boolean/],
    ['{{(.Id}}', /unclosed left paren/],
    ['{{.Id | }}', /nothing beside a \|/],
    ['{{"unclosed}}', /unexpected "/],
    ['{{1x}}', /bad number syntax: "1x"/],
    ['{{#}}', /unexpected "#" in \{\{#\}\}/],
    ['{{"\\q"}}', /an escape that is not known/],
    ['{{if}}{{end}}', /missing value for if/],
    [`${'{{if .On}}'.repeat(200)}`, /nested more than 100 deep/],
  ])('%s', (template, expected) => {
    const run = (): string => compileTemplate(template)(value)
    expect(run).toThrow(expected)
    expect(run).toThrow(/^template parsing error: [^\n]*$/)
  })
})
