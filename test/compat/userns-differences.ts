// Lines of daemon-cases/userns.ts for which the two daemons say different things, and why ours
// stays as it is. A line in here must differ, so that the list stays true.
export const usernsDifferences: Readonly<Record<string, string>> = {
  'docker cp $N:/f - | tar --numeric-owner -tvf - | cut -c1-20; docker cp $N:/data/f - | tar --numeric-owner -tvf - | cut -c1-20':
    'whose a file is in the container, as in an export; dockerd has the number of this host',
}
