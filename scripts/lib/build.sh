# Builds a preset of CMakePresets.json under build/.
#
# Sourced. Needs: messages.sh, env.sh.

# build_preset PRESET [TARGET...]: configures where needed, then builds. One at a time for each preset.
build_preset() {
  local preset=$1 folder="$LODESTONE_ROOT/build/$1" key
  shift
  key="$LODESTONE_SOURCES $LODESTONE_EMSCRIPTEN $LODESTONE_CC $LODESTONE_CXX $(cksum <"$LODESTONE_ROOT/CMakePresets.json")"
  mkdir -p "$LODESTONE_ROOT/build"
  (
    flock 8
    if [ "$(cat "$folder/.key" 2>/dev/null)" != "$key" ]; then
      # Another compiler or other sources: objects of the old ones must not stay.
      rm -rf "$folder"
      (cd "$LODESTONE_ROOT" && cmake --preset "$preset") || exit 1
      printf '%s\n' "$key" >"$folder/.key"
    fi
    cmake --build "$folder" ${1:+--target "$@"}
  ) 8>"$LODESTONE_ROOT/build/$preset.lock"
}

# Builds the site: dist/ at the root.
build_site() {
  build_preset web-release >&2 || return 1
  node "$LODESTONE_ROOT/scripts/lib/build_site.mjs" >&2
}
