# Builds dist/ where it is missing or older than what it is made of. Sourced, after env.sh.
#
# LODESTONE_DIST names another site to use as it is.

# Prints a source that has changed since the stamp; nothing when there is none.
newer_than_site() {
  find "$LODESTONE_ROOT"/{src,web,shell,coi-serviceworker,CMakeLists.txt,CMakePresets.json} \
    "$LODESTONE_ROOT"/{package-lock.json,scripts/run,scripts/lib/build_site.mjs,scripts/lib/versions.sh} \
    -newer "$1" -print -quit
}

ensure_site() {
  local stamp=$LODESTONE_ROOT/dist/build.json lock=$LODESTONE_ROOT/build/headless.lock
  [ -z "${LODESTONE_DIST:-}" ] || return 0
  if [ -r "$stamp" ] && [ -d "$LODESTONE_ROOT/node_modules/playwright-core" ] &&
    [ -z "$(newer_than_site "$stamp")" ]; then
    return 0
  fi
  mkdir -p "$(dirname "$lock")"
  # Two commands at once must not both put the site together; and what the build says is no answer
  # of the command, whose standard output belongs to the caller.
  flock "$lock" "$LODESTONE_ROOT/scripts/run" --no-serve >&2
}

ensure_site
