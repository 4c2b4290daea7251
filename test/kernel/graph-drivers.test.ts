// The graph drivers on this machine's own kernel. Needs root, and for each driver what it
// is made of: devicemapper runs where the kernel has it, and in the VM (test/vm/graph-drivers.test.ts).
import { spawnSync } from 'node:child_process'
import { devicemapperSuite } from '../suites/graph-devicemapper.ts'
import { graphDriverSuite } from '../suites/graph-driver.ts'
import { driversUnderTest } from '../suites/graph-stage.ts'

/** Of the VM's suite, which has no use for all of them. */
const wanted = process.env.GRAPH_DRIVERS?.split(',')

for (const driver of driversUnderTest) {
  if (!(wanted ? wanted.includes(driver.name) : driver.name !== 'devicemapper' || hasDeviceMapper())) continue
  graphDriverSuite(driver)
  if (driver.name === 'devicemapper') devicemapperSuite(driver)
}

function hasDeviceMapper(): boolean {
  return spawnSync('dmsetup', ['version']).status === 0
}
