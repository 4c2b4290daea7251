// A reporter for vitest: names each test that failed first and passed then. A second try
// keeps a busy machine from failing the whole run; what needed one is to be looked at.

export default class SecondTries {
  /** @type {string[]} */
  #lines = []

  /** @param {import('vitest/node').TestCase} test */
  onTestCaseResult(test) {
    const { flaky, retryCount } = test.diagnostic() ?? {}
    if (flaky) this.#lines.push(`passed at try ${(retryCount ?? 0) + 1}: ${test.fullName}`)
  }

  onTestRunEnd() {
    for (const line of this.#lines) console.log(line)
  }
}
