// The table of handlers, filled: every verb that this daemon has.
import type { Daemon } from './daemon.ts'
import type { Engine } from './engine.ts'
import { archiveGet, archivePut, archiveStat } from './jobs/container-archive.ts'
import { containerAttach } from './jobs/container-attach.ts'
import { containerCreate } from './jobs/container-create.ts'
import { execCreate, execInspect, execStart, resize } from './jobs/container-exec.ts'
import { containerCommit, containerExport } from './jobs/container-export.ts'
import {
  containerKill,
  containerPause,
  containerPrune,
  containerRemove,
  containerRename,
  containerRestart,
  containerStart,
  containerStop,
  containerUnpause,
  containerWait,
} from './jobs/container-lifecycle.ts'
import { containerLogs } from './jobs/container-logs.ts'
import { containerChanges, containerInspect, containerList, containerTop } from './jobs/container-query.ts'
import { containerStats } from './jobs/container-stats.ts'
import { containerUnlink } from './jobs/container-unlink.ts'
import { containerUpdate } from './jobs/container-update.ts'
import { diskUsage } from './jobs/disk-usage.ts'
import { imageImport } from './jobs/image-import.ts'
import { imageLoad } from './jobs/image-load.ts'
import { imagePull } from './jobs/image-pull.ts'
import { imagePush } from './jobs/image-push.ts'
import {
  distributionInspect,
  imageHistoryJob,
  imageInspect,
  imageList,
  imageSearch,
} from './jobs/image-query.ts'
import { imagePrune, imageRemove } from './jobs/image-remove.ts'
import { imageSave } from './jobs/image-save.ts'
import { imageTag } from './jobs/image-tag.ts'
import {
  networkConnect,
  networkCreate,
  networkDisconnect,
  networkPrune,
  networkRemove,
} from './jobs/network-change.ts'
import { networkExplain, networkInspect, networkList } from './jobs/network-query.ts'
import { login, systemInfoJob } from './jobs/system.ts'
import { volumeCreate, volumeInspect, volumeList, volumePrune, volumeRemove } from './jobs/volume.ts'

export function registerJobs(engine: Engine<Daemon>): Engine<Daemon> {
  return engine
    .register(archiveGet)
    .register(archivePut)
    .register(archiveStat)
    .register(containerAttach)
    .register(containerChanges)
    .register(containerCommit)
    .register(containerCreate)
    .register(containerExport)
    .register(containerInspect)
    .register(containerKill)
    .register(containerList)
    .register(containerLogs)
    .register(containerPause)
    .register(containerPrune)
    .register(containerRemove)
    .register(containerRename)
    .register(containerRestart)
    .register(containerStart)
    .register(containerStats)
    .register(containerStop)
    .register(containerTop)
    .register(containerUnlink)
    .register(containerUnpause)
    .register(containerUpdate)
    .register(containerWait)
    .register(diskUsage)
    .register(distributionInspect)
    .register(execCreate)
    .register(execInspect)
    .register(execStart)
    .register(imageHistoryJob)
    .register(imageImport)
    .register(imageInspect)
    .register(imageList)
    .register(imageLoad)
    .register(imagePrune)
    .register(imagePull)
    .register(imagePush)
    .register(imageRemove)
    .register(imageSave)
    .register(imageSearch)
    .register(imageTag)
    .register(login)
    .register(networkConnect)
    .register(networkCreate)
    .register(networkDisconnect)
    .register(networkExplain)
    .register(networkInspect)
    .register(networkList)
    .register(networkPrune)
    .register(networkRemove)
    .register(resize)
    .register(systemInfoJob)
    .register(volumeCreate)
    .register(volumeInspect)
    .register(volumeList)
    .register(volumePrune)
    .register(volumeRemove)
}
