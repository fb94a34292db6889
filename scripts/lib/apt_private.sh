# A private apt: reads another suite from the machine's own mirror without touching the machine's apt.
#
# Sourced. Needs: versions.sh, messages.sh, $LODESTONE_CACHE.
# Provides: apt_private_open KIND SUITE..., then apt_p_get, apt_p_cache and APT_PRIVATE_MIRROR (the address that
# answered), then apt_private_close.

# Prints the base addresses of the Debian mirrors that this machine's apt is configured with, main
# archive first. apt itself parses both the deb822 and the one-line format.
apt_mirrors() {
  if [ -n "${LODESTONE_DEBIAN_MIRROR:-}" ]; then
    printf '%s\n' "$LODESTONE_DEBIAN_MIRROR"
    return
  fi
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
    awk '$3 == "main" && $2 !~ /security/ && $1 !~ /security/ && !seen[$1]++ { print $1 }'
}

# Prints a keyring that holds Debian's archive keys. The keys of a newer suite reach older releases as
# an update of this very package, so $1 = "fresh" fetches that from the machine's own suite.
apt_keyring() {
  local installed=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ "${1:-}" != fresh ]; then
    [ -e "$installed" ] && printf '%s\n' "$installed"
    return
  fi
  local folder="$APT_PRIVATE/keyring"
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -qq debian-archive-keyring && dpkg -x ./*.deb .) >&2 || return 1
  printf '%s\n' "$folder$installed"
}

apt_p_get() { APT_CONFIG="$APT_PRIVATE/apt.conf" apt-get "$@"; }
apt_p_cache() { APT_CONFIG="$APT_PRIVATE/apt.conf" apt-cache "$@"; }

apt_private_write() {
  local mirror=$1 keyring=$2 kind=$3 suite
  shift 3
  : >"$APT_PRIVATE/sources.list"
  for suite in "$@"; do
    printf '%s [signed-by=%s] %s %s main\n' "$kind" "$keyring" "$mirror" "$suite" >>"$APT_PRIVATE/sources.list"
  done
  # The rest of the machine's configuration (proxies, credentials, certificates) stays in force.
  # Valid-Until is off because mirrors that are refreshed seldom would be refused.
  cat >"$APT_PRIVATE/apt.conf" <<EOF
Dir::Etc::sourcelist "$APT_PRIVATE/sources.list";
Dir::Etc::sourceparts "$APT_PRIVATE/none";
Dir::Etc::preferences "$APT_PRIVATE/none";
Dir::Etc::preferencesparts "$APT_PRIVATE/none";
Dir::State "$APT_PRIVATE/state";
Dir::State::status "$APT_PRIVATE/status";
Dir::Cache "$APT_PRIVATE/cache";
Dir::Log "$APT_PRIVATE/log";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Get::List-Cleanup "false";
Debug::NoLocking "true";
EOF
  if [ "$(id -u)" = 0 ]; then
    printf 'APT::Sandbox::User "root";\n' >>"$APT_PRIVATE/apt.conf"
  fi
}

# Opens a private apt that sees the packages (deb) or the sources (deb-src) of some suites, and no
# installed package: apt_private_open deb|deb-src SUITE...
apt_private_open() {
  APT_PRIVATE=$(mktemp -d "$LODESTONE_CACHE/apt.XXXXXX")
  mkdir -p "$APT_PRIVATE"/{state/lists/partial,cache/archives/partial,log,none}
  : >"$APT_PRIVATE/status"
  local mirror keyring mirrors age
  mirrors=$(apt_mirrors)
  [ -n "$mirrors" ] ||
    die "This machine's apt names no Debian mirror." \
      "Put emcc $EMSCRIPTEN_OLDEST_MAJOR or newer on PATH (an emsdk), or set LODESTONE_DEBIAN_MIRROR."
  for age in installed fresh; do
    keyring=$(apt_keyring "$age") || continue
    [ -n "$keyring" ] || continue
    for mirror in $mirrors; do
      apt_private_write "$mirror" "$keyring" "$@"
      if apt_p_get update -qq -o APT::Update::Error-Mode=any >"$APT_PRIVATE/log/update" 2>&1; then
        APT_PRIVATE_MIRROR=${mirror%/}
        return 0
      fi
    done
  done
  cat "$APT_PRIVATE/log/update" >&2
  die "None of this machine's Debian mirrors could be read for $1: ${*:2}."
}

apt_private_close() {
  [ -z "${APT_PRIVATE:-}" ] || rm -rf "$APT_PRIVATE"
  APT_PRIVATE=
}
