// One page per module, in English.
import { modules } from '../../lessons/format/catalogue.ts'

export default {
  async paths() {
    return (await modules('en')).map(({ id, title }) => ({ params: { id, title } }))
  },
}
