# The machine's own packages that the build and the tests use.
#
# Sourced. Needs: versions.sh, messages.sh, env.sh.

python_is_new_enough() {
  python3 -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$PYTHON_OLDEST'.split('.'))))" 2>/dev/null
}

cmake_is_new_enough() {
  local version
  version=$(cmake --version 2>/dev/null | awk 'NR == 1 { print $3 }')
  [ -n "$version" ] && [ "$(printf '3.25\n%s\n' "$version" | sort -V | head -n 1)" = 3.25 ]
}

chromium_on_path() {
  [ -n "${CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome chrome >/dev/null
}

# Whether the native compiler links a program with sanitizers: their runtime is a package of its own.
native_compiler_is_whole() {
  command -v "$LODESTONE_CXX" >/dev/null || return 1
  local folder works=0
  folder=$(mktemp -d)
  printf 'int main() { return 0; }\n' >"$folder/a.cc"
  "$LODESTONE_CXX" -fsanitize=address,undefined "$folder/a.cc" -o "$folder/a" 2>/dev/null &&
    "$LODESTONE_CXX" -fsanitize=thread "$folder/a.cc" -o "$folder/b" 2>/dev/null || works=1
  rm -rf "$folder"
  return $works
}

# Prints the Debian packages that are missing here, one a line.
system_missing() {
  python_is_new_enough || echo python3
  command -v xz >/dev/null || echo xz-utils
  command -v flock >/dev/null || echo util-linux
  cmake_is_new_enough || echo cmake
  command -v ninja >/dev/null || echo ninja-build
  native_compiler_is_whole || printf '%s\n' clang libclang-rt-dev
  chromium_on_path || echo chromium
  # The tests read exported libraries with it.
  command -v sqlite3 >/dev/null || echo sqlite3
  # Any npm can fetch a newer Node.
  [ -e "$LODESTONE_NODE/bin/node" ] || node_is_new_enough || command -v npm >/dev/null || echo npm
  # npm speaks https by the machine's certificates.
  [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] || echo ca-certificates
}

system_install() {
  local missing
  missing=$(system_missing | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  command -v apt-get >/dev/null ||
    die "Missing on this machine: $missing(names of Debian packages). Install them and run this again."
  [ "$(id -u)" = 0 ] ||
    die "Missing on this machine: $missing" "Run this as an administrator, then again what you ran: apt-get install $missing"
  say "installing $missing"
  export DEBIAN_FRONTEND=noninteractive
  local log="$LODESTONE_CACHE/apt-get.log"
  apt-get update -qq >"$log" 2>&1 || warn "apt-get update failed; going on with the package lists that are here"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >>"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "apt-get could not install: $missing"; }
  hash -r
  # A compiler that has just come is the one to use.
  unset LODESTONE_CC LODESTONE_CXX
  . "$LODESTONE_ROOT/scripts/lib/env.sh"
  missing=$(system_missing | tr '\n' ' ')
  [ -z "${missing// /}" ] || die "Still missing or too old after installing: $missing"
}
