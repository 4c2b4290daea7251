// engine/libcontainer/CONFORMANCE.md: made of the lists beside this file, and of what
// test/compat/table.ts found out. Written by `node test/conformance/write.ts`.
import { attackRequirements } from './attacks.ts'
import { configRequirements } from './config.ts'
import { linuxRequirements } from './linux.ts'
import type { Requirement } from './requirement.ts'
import { runtimeRequirements } from './runtime.ts'

export const pagePath = 'engine/libcontainer/CONFORMANCE.md'
/** What stands after it belongs to test/compat/table.ts. */
const managersHeading = '## Managers'

export const requirements: readonly Requirement[] = [
  ...runtimeRequirements,
  ...configRequirements,
  ...linuxRequirements,
  ...attackRequirements,
]

/** The page, with the managers' table of the page that was. */
export function page(before: string): string {
  const documents = [...new Set(requirements.map(({ document }) => document))]
  const managers = before.includes(managersHeading) ? before.slice(before.indexOf(managersHeading)) : ''
  return `# Conformance

Every MUST of the OCI runtime specification 1.2 that speaks of Linux: where it is done, and
the test that proves it by what the kernel shows. \`TOCKER_RUNTIME=/usr/sbin/runc npx vitest run
--project kernel\` asks another runtime the same; what runc is known to do otherwise stands in
\`test/suites/must.ts\`. Below: the attacks that runtimes fell for, and what keeps them off here.

${documents.map(documentTable).join('\n')}${managers === '' ? '' : `\n${managers}`}`
}

/** The page with another table of managers. */
export function withManagers(before: string, table: string): string {
  return `${page(before).split(managersHeading)[0]?.trimEnd()}\n\n${managersHeading}\n\n${table}`
}

function documentTable(document: string): string {
  const rows = requirements
    .filter((one) => one.document === document)
    .map(({ section, requirement, files, test }) =>
      [section, requirement, files.map(fileLink).join(', '), testLink(test)].join(' | '),
    )
  return `## ${document}\n\n| Section | Required | Done in | Proved by |\n|---|---|---|---|\n${rows.map((row) => `| ${row} |\n`).join('')}`
}

function fileLink(file: string): string {
  return `[${file}](${file})`
}

function testLink({ file, title }: Requirement['test']): string {
  return `[${file.replace(/^.*\/(?:oci-)?(.*)\.test\.ts$/, '$1')}](../../${file}): ${title.replace('%s', '…')}`
}
