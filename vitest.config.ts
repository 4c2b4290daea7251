// Suites by what they need. `npm test` runs all; `npx vitest run --project unit` needs nothing but Node.
import { defineConfig } from 'vitest/config'

// What is waited for comes in its own time: a process starts, a namespace is taken down. Vitest's own second is
// enough for that on a machine that has nothing else to do; who waits longer for what does come loses nothing.
const patience = { poll: { timeout: 20_000 } }

// One after the other: two cores, one VM. A machine that does other work, too, has slow minutes,
// so in CI each gets a second try; the report names those that needed it (second-tries.mjs).
const retry = process.env.CI ? 1 : 0
const serial = {
  ...{ fileParallelism: false, testTimeout: 300_000, hookTimeout: 600_000, expect: patience },
  retry,
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['test/unit/**/*.test.{ts,tsx}', 'test/architecture.test.ts'],
          ...{ testTimeout: 30_000, hookTimeout: 60_000, expect: patience, retry },
        },
      },
      {
        test: {
          name: 'kernel',
          sequence: { groupOrder: 1 },
          include: ['test/kernel/**/*.test.ts'],
          setupFiles: ['test/second-try.ts'],
          ...serial,
        },
      },
      {
        test: {
          name: 'compat',
          sequence: { groupOrder: 2 },
          include: ['test/compat/**/*.test.ts'],
          setupFiles: ['test/second-try.ts'],
          ...serial,
          maxConcurrency: 3,
          // Hundreds of commands by turns, three tests at once; one that is late works on beside its second try.
          testTimeout: 600_000,
          // dockerd and podman are not ours, and podman with a terminal was seen to print nothing, once.
          retry: process.env.CI ? 2 : 0,
        },
      },
      { test: { name: 'vm', sequence: { groupOrder: 3 }, include: ['test/vm/**/*.test.ts'], ...serial } },
      {
        test: {
          name: 'lessons',
          sequence: { groupOrder: 4 },
          include: ['test/lessons/**/*.test.ts'],
          ...serial,
          // A whole lesson, with a check that waits for what a slow machine does late.
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'terminal',
          sequence: { groupOrder: 5 },
          include: ['test/terminal/**/*.test.ts'],
          ...serial,
        },
      },
      {
        test: {
          name: 'browser',
          sequence: { groupOrder: 6 },
          include: ['test/browser/**/*.test.ts'],
          ...serial,
        },
      },
      {
        test: {
          name: 'package',
          sequence: { groupOrder: 6 },
          include: ['test/package/**/*.test.ts'],
          ...serial,
        },
      },
    ],
  },
})
