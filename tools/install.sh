#!/usr/bin/env bash
# tools/install.sh GROUP...: installs the packages of these groups of tools/packages.txt that are missing.
# Changes nothing, and asks for no rights, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

# Names of the packages of one group that are neither installed nor made unnecessary by a program.
missing_in() {
  local group=$1 current='' package program
  while read -r package program; do
    if [[ $package == '#' ]]; then
      [[ $program == group:* ]] && current=${program#group: }
    elif [[ -n $package && $current == "$group" ]]; then
      [[ -n $program ]] && command -v "$program" >/dev/null && continue
      [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    fi
  done <tools/packages.txt
}

missing=()
for group in "$@"; do
  mapfile -t -O "${#missing[@]}" missing < <(missing_in "$group")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${#missing[@]} missing packages: ${missing[*]}"
# A freshly installed service would start at once and take port 1883; this tells Debian not to start any.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"

# The tests use the mosquitto program on ports of their own; its service must not come up at the next boot.
if [[ " ${missing[*]} " == *" mosquitto "* ]] && command -v systemctl >/dev/null; then
  "${as_root[@]}" systemctl disable --quiet mosquitto.service || echo "mosquitto.service stays enabled" >&2
fi
