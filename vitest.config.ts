// Suites by what they need. `npm test` runs all; `npx vitest run --project unit` needs nothing but Node.
import { defineConfig } from 'vitest/config'

const serial = { fileParallelism: false, testTimeout: 180_000, hookTimeout: 600_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}', 'test/architecture.test.ts'],
          testTimeout: 20_000,
        },
      },
      { test: { name: 'kernel', include: ['test/kernel/**/*.test.ts'], ...serial } },
      { test: { name: 'vm', include: ['test/vm/**/*.test.ts'], ...serial } },
      { test: { name: 'lessons', include: ['test/lessons/**/*.test.ts'], ...serial } },
      { test: { name: 'terminal', include: ['test/terminal/**/*.test.ts'], ...serial } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...serial } },
    ],
  },
})
