# How the scripts speak: one line each, on standard error.

say() { printf 'lodestone: %s\n' "$*" >&2; }
warn() { printf 'lodestone: warning: %s\n' "$*" >&2; }
die() {
  local line
  for line in "$@"; do printf 'lodestone: %s\n' "$line" >&2; done
  exit 1
}
