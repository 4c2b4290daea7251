// One MUST of the runtime specification: what is asked, which files do it, which test
// proves it. The lists beside this file become engine/libcontainer/CONFORMANCE.md.

export interface Requirement {
  document: string
  section: string
  requirement: string
  /** Below engine/libcontainer/. */
  files: readonly string[]
  /** A file of test/kernel, and the test's title as it is written there. */
  test: { file: string; title: string }
}

type Row = readonly [requirement: string, files: string, testFile: string, title: string]

/** The rows of a section; several files stand in one string, with spaces between. */
export function section(document: string, name: string, rows: readonly Row[]): Requirement[] {
  return rows.map(([requirement, files, file, title]) => ({
    document,
    section: name,
    requirement,
    files: files.split(' '),
    test: { file: `test/kernel/oci-${file}.test.ts`, title },
  }))
}
