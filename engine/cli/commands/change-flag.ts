// `--change` of `commit` and `import`.
import type { Flag } from '../flags.ts'

export const changeFlag: Flag = {
  name: 'change',
  short: 'c',
  value: 'list',
  list: true,
  help: 'Apply Dockerfile instruction to the created image, as \'CMD ["sh"]\'',
}
