#!/bin/sh
# Installs Debian packages without starting what they hold: usage (as root): sh deploy/install_packages.sh PACKAGE...
# We run our own servers in a folder of the project; a package must not start another on the standard port.
set -eu

policy=/usr/sbin/policy-rc.d
ours='# made by countersign for the time of one installation'

# Left behind if a former run was killed.
if [ -e "$policy" ] && grep -qF "$ours" "$policy"; then rm "$policy"; fi

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    # 101: "action forbidden by policy", see invoke-rc.d(8).
    printf '#!/bin/sh\n%s\nexit 101\n' "$ours" >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# Without the time-out apt fails at once when another apt runs.
apt-get update -q -o DPkg::Lock::Timeout=300
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
