# The environment of every script and build here. Source it: . scripts/lib/env.sh
#
# Sets: LODESTONE_ROOT, LODESTONE_CACHE, LODESTONE_TOOLCHAIN, LODESTONE_EMSCRIPTEN (the folder of emcc),
# LODESTONE_SOURCES (third-party sources, a folder each), LODESTONE_CC and LODESTONE_CXX, and PATH.

LODESTONE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$LODESTONE_ROOT/scripts/lib/versions.sh"
LODESTONE_CACHE=${LODESTONE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lodestone}
LODESTONE_TOOLCHAIN=$LODESTONE_CACHE/toolchain-${EMSCRIPTEN_VERSION%%+*}-r$TOOLCHAIN_REVISION
LODESTONE_NODE=$LODESTONE_CACHE/node-$NODE_VERSION
LODESTONE_SOURCES=$LODESTONE_CACHE/sources-$(printf '%s' "$SOURCE_PINS" | cksum | cut -d' ' -f1)

# Prints the folder of an emcc on PATH that is not ours and is new enough; fails when there is none.
emscripten_on_path() {
  local emcc folder major
  emcc=$(PATH=${PATH//"$LODESTONE_TOOLCHAIN/bin:"/} command -v emcc) || return 1
  folder=$(dirname "$(readlink -f "$emcc")")
  [ -r "$folder/emscripten-version.txt" ] || return 1
  major=$(tr -d '"' <"$folder/emscripten-version.txt")
  major=${major%%.*}
  [ "$major" -ge "$EMSCRIPTEN_OLDEST_MAJOR" ] 2>/dev/null && printf '%s\n' "$folder"
}

# Whether the machine has a Node, and npm, that will do.
node_is_new_enough() {
  local version path=${PATH//"$LODESTONE_NODE/bin:"/}
  version=$(PATH=$path node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$NODE_OLDEST_MAJOR" ] && PATH=$path command -v npm >/dev/null
}

if LODESTONE_EMSCRIPTEN=$(emscripten_on_path); then
  LODESTONE_EMSCRIPTEN_IS_OURS=
else
  LODESTONE_EMSCRIPTEN=$LODESTONE_TOOLCHAIN/usr/share/emscripten
  LODESTONE_EMSCRIPTEN_IS_OURS=1
  # Settings of another Emscripten must not reach this one.
  unset EM_CONFIG EM_CACHE EM_LLVM_ROOT EM_BINARYEN_ROOT
  case ":$PATH:" in
    *":$LODESTONE_TOOLCHAIN/bin:"*) ;;
    *) PATH=$LODESTONE_TOOLCHAIN/bin:$PATH ;;
  esac
fi
if ! node_is_new_enough; then
  case ":$PATH:" in
    *":$LODESTONE_NODE/bin:"*) ;;
    *) PATH=$LODESTONE_NODE/bin:$PATH ;;
  esac
fi
export LODESTONE_ROOT LODESTONE_CACHE LODESTONE_TOOLCHAIN LODESTONE_EMSCRIPTEN LODESTONE_SOURCES PATH

# Natively, Clang where it is (its sanitizers are the better ones), else GCC.
if [ -z "${LODESTONE_CXX:-}" ]; then
  if command -v clang++ >/dev/null && command -v clang >/dev/null; then
    LODESTONE_CC=clang LODESTONE_CXX=clang++
  else
    LODESTONE_CC=gcc LODESTONE_CXX=g++
  fi
fi
export LODESTONE_CC LODESTONE_CXX
