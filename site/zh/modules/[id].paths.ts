// One page per module, in Chinese.
import { modules } from '../../../lessons/format/catalogue.ts'

export default {
  async paths() {
    return (await modules('zh')).map(({ id, title }) => ({ params: { id, title } }))
  },
}
