#!/usr/bin/env bash
# Installs the Debian packages that are missing, and makes the user the bot's browser runs as. Needs root or sudo only
# when something is missing.
#
# Usage: debian.sh [--check] tools    what the other set-up steps need
#        debian.sh [--check] meeting  browser, meeting server and voices; --check installs nothing and fails when it would
set -euo pipefail
browser_user=${EARSHOT_CHROMIUM_USER:-earshot-bot}
missing=()

has() { command -v "$1" >/dev/null; }
need() { # PACKAGE TEST…: the package is missing when the test fails
  local package=$1
  shift
  "$@" &>/dev/null || missing+=("$package")
}
node_18() { [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; }

check=
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
case ${1:-} in
  tools)
    need python3-venv python3 -c 'import venv, ensurepip'
    need openjdk-17-jre-headless has java
    need maven has mvn
    need nodejs node_18
    ;;
  meeting)
    need chromium test -x "${EARSHOT_CHROMIUM_PATH:-/usr/bin/chromium}"
    need janus has janus
    need janus-demos test -d /usr/share/janus/demos
    need libjs-janus-gateway test -d /usr/share/javascript/janus-gateway
    need flite has flite
    need ffmpeg has ffmpeg
    need curl has curl
    ;;
  *) sed -n '/^# Usage/,/^set/{/^set/d;s/^# //p}' "$0" >&2; exit 2 ;;
esac

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  has sudo && as_root=(sudo) || as_root=(as_root_is_needed)
fi
as_root_is_needed() { echo "not root and no sudo; as root, run: $*" >&2; return 1; }

# Debian starts a service when it installs it; we start our own Janus, on our own ports.
policy=/usr/sbin/policy-rc.d
install_missing() {
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120)
  "${apt[@]}" update </dev/null
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null
  if [[ " ${missing[*]} " == *" janus "* ]] && has systemctl; then
    "${as_root[@]}" systemctl disable janus
  fi
}

user_missing() { [ "$1" = meeting ] && [ "$(id -u)" -eq 0 ] && ! id "$browser_user" &>/dev/null; }

if [ "$check" ]; then
  [ ${#missing[@]} -eq 0 ] && ! user_missing "$1"
  exit
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "packages: ${missing[*]}"
  install_missing
fi
if user_missing "$1"; then
  useradd --system --create-home --home-dir "/var/lib/$browser_user" --shell /usr/sbin/nologin "$browser_user"
fi
