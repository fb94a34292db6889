# Emscripten: the one on PATH when it is new enough, else Debian forky's, unpacked into the cache.
#
# Sourced. Needs: versions.sh, messages.sh, apt_private.sh, env.sh.
# Nothing of this needs root: the packages are unpacked, never installed, and each program is pointed
# at the folder's own C library, which is newer than the machine's.

# What of the dependencies is unpacked. The rest (a C library to compile against, ccache, Python) is not
# needed to compile to wasm; should a future package need more, the check below takes everything.
TOOLCHAIN_WANTED='^(emscripten|binaryen|patchelf|clang-[0-9]+|lld-[0-9]+|llvm-[0-9]+|libllvm[0-9].*|libclang-cpp[0-9].*|libclang-common-.*-dev|libz3-.*|libxml2.*|libicu[0-9]+|libtinfo6|libstdc\+\+6|libgcc-s1|libc6|zlib1g|libzstd1|liblzma5|libedit2|libffi[0-9]+|libbsd0|libmd0|node-acorn)$'
TOOLCHAIN_PROGRAMS='clang lld llvm-ar llvm-nm llvm-objcopy llvm-objdump llvm-dwarfdump llvm-dwp llvm-strip llvm-symbolizer llvm-cxxfilt llvm-readobj clang-scan-deps'

# Whether a compiler is there: one of the machine's own, or ours, whole.
toolchain_is_there() { [ -z "$LODESTONE_EMSCRIPTEN_IS_OURS" ] || [ -e "$LODESTONE_TOOLCHAIN/complete" ]; }

# Prints NAME=VERSION of each package that installing the given ones would bring.
toolchain_closure() {
  apt_p_get install --no-install-recommends --simulate -qq "$@" |
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p'
}

# Prints NAME=VERSION for a package: the pinned version where the mirror has it, else the mirror's.
toolchain_pin() {
  local name=$1 pinned=$2 found
  if apt_p_cache madison "$name" | awk -F' *[|] *' '{ print $2 }' | grep -qxF "$pinned"; then
    printf '%s=%s\n' "$name" "$pinned"
    return
  fi
  found=$(apt_p_cache madison "$name" | awk -F' *[|] *' 'NR == 1 { print $2 }')
  [ -n "$found" ] || die "The mirror has no package $name in $TOOLCHAIN_SUITE."
  warn "$name is $found on the mirror, $pinned in scripts/lib/versions.sh; taking the mirror's"
  printf '%s=%s\n' "$name" "$found"
}

# Downloads the packages in $2... and unpacks them into the folder $1.
toolchain_unpack() {
  local root=$1 debs deb
  shift
  debs=$(mktemp -d "$APT_PRIVATE/debs.XXXXXX")
  (cd "$debs" && apt_p_get download -qq "$@") || die "Downloading the compiler's packages failed."
  for deb in "$debs"/*.deb; do
    dpkg -x "$deb" "$root" || die "Unpacking $deb failed."
    basename "$deb" .deb >>"$root/packages.txt"
  done
  rm -rf "$debs"
}

# Makes the programs under $1 run with the C library that was unpacked with them.
toolchain_patch() {
  local root=$1 libs loader program file
  libs=$(dirname "$(find "$root/usr/lib" -name 'libc.so.6' | head -n 1)")
  loader=$(find "$libs" -maxdepth 1 -name 'ld-linux*' | head -n 1)
  toolchain_patchelf() { "$loader" --library-path "$libs" "$root/usr/bin/patchelf" "$@"; }
  # A RUNPATH of a library's own would hide the path of the program that loads it.
  for file in "$libs"/libLLVM*.so.* "$libs"/libclang-cpp.so.* "$libs"/libbinaryen.so; do
    [ -L "$file" ] || toolchain_patchelf --remove-rpath "$file"
  done
  for program in $TOOLCHAIN_PROGRAMS; do
    readlink -f "$root"/usr/lib/llvm-*/bin/"$program"
  done | sort -u >"$root/patched.txt"
  find "$root/usr/bin" -type f -name 'wasm*' >>"$root/patched.txt"
  while read -r file; do
    toolchain_patchelf --set-interpreter "$loader" \
      --force-rpath --set-rpath "$libs" "$file"
  done <"$root/patched.txt"
  rm "$root/patched.txt"
}

# Writes the compiler's configuration and the folder of commands that goes on PATH.
toolchain_configure() {
  local root=$1 llvm name
  llvm=$(cd "$root" && echo usr/lib/llvm-*)
  mkdir -p "$root/bin" "$root/cache"
  # Emscripten's JavaScript imports acorn by name, which Node looks for beside and above the importer.
  ln -sfn ../nodejs "$root/usr/share/emscripten/node_modules"
  ln -sfn . "$root/usr/share/nodejs/node_modules"
  # Read by every command of the compiler that finds no EM_CONFIG in the environment.
  cat >"$root/usr/share/emscripten/.emscripten" <<EOF
import shutil
LLVM_ROOT = '$root/$llvm/bin'
BINARYEN_ROOT = '$root/usr'
EMSCRIPTEN_ROOT = '$root/usr/share/emscripten'
NODE_JS = shutil.which('node')
LLVM_ADD_VERSION = None
CLANG_ADD_VERSION = None
CACHE = '$root/cache'
EOF
  for name in emcc em++ emar emranlib emcmake emnm emstrip embuilder em-config emsymbolizer; do
    printf '#!/bin/sh\nexec '\''%s/usr/share/emscripten/%s'\'' "$@"\n' "$root" "$name" >"$root/bin/$name"
    chmod +x "$root/bin/$name"
  done
  for name in "$root"/usr/bin/wasm*; do
    ln -sfn "../usr/bin/$(basename "$name")" "$root/bin/$(basename "$name")"
  done
  for name in llvm-objdump llvm-symbolizer llvm-nm llvm-strip; do
    ln -sfn "../$llvm/bin/$name" "$root/bin/$name"
  done
}

toolchain_works() {
  "$1/bin/emcc" --version >/dev/null 2>&1 && "$1/bin/wasm-opt" --version >/dev/null 2>&1 &&
    "$1/bin/llvm-objdump" --version >/dev/null 2>&1
}

# Puts a toolchain at $LODESTONE_TOOLCHAIN. It is assembled there under a lock, and counts as present
# only when its last file, `complete`, is: an interrupted run leaves nothing that looks whole.
toolchain_install() {
  local root=$LODESTONE_TOOLCHAIN pins wanted
  say "unpacking Emscripten $EMSCRIPTEN_VERSION from $TOOLCHAIN_SUITE (about 110 MB to download)"
  rm -rf "$root"
  mkdir -p "$root"
  apt_private_open deb "$TOOLCHAIN_SUITE"
  pins="$(toolchain_pin emscripten "$EMSCRIPTEN_VERSION") $(toolchain_pin binaryen "$BINARYEN_VERSION")"
  # shellcheck disable=SC2086
  toolchain_closure $pins patchelf >"$root/closure.txt"
  wanted=$(awk -F= -v wanted="$TOOLCHAIN_WANTED" '$1 ~ wanted' "$root/closure.txt")
  # shellcheck disable=SC2086
  toolchain_unpack "$root" $wanted
  toolchain_patch "$root"
  toolchain_configure "$root"
  if ! toolchain_works "$root"; then
    warn "the compiler does not start with the usual packages: unpacking all that it depends on"
    rm -rf "${root:?}"/{usr,bin,packages.txt}
    # shellcheck disable=SC2046
    toolchain_unpack "$root" $(cat "$root/closure.txt")
    toolchain_patch "$root"
    toolchain_configure "$root"
    toolchain_works "$root" || { "$root/bin/emcc" --version >&2; die "The unpacked compiler does not start."; }
  fi
  apt_private_close
  toolchain_warm
  rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/usr/share/lintian" "$root/closure.txt"
  : >"$root/complete"
}

# Builds the system libraries that the shipped modules link, so that an interrupted build never leaves
# half of one behind.
toolchain_warm() {
  local folder flags
  folder=$(mktemp -d "$LODESTONE_CACHE/warm.XXXXXX")
  cat >"$folder/warm.cc" <<'EOF'
#include <cmath>
#include <mutex>
#include <string>
#include <vector>
int main(int count, char** words) {
  std::vector<std::string> copies(words, words + count);
  std::mutex mutex;
  std::lock_guard lock(mutex);
  return static_cast<int>(std::sin(copies.size()));
}
EOF
  say "building Emscripten's system libraries (once, two to five minutes)"
  for flags in \
    "-sFILESYSTEM=0 -sMIN_WEBGL_VERSION=2 -sMAX_WEBGL_VERSION=2 -lGL -sENVIRONMENT=web" \
    "-pthread -sWASMFS -sMALLOC=mimalloc -sALLOW_MEMORY_GROWTH -Wno-pthreads-mem-growth -sENVIRONMENT=worker" \
    "-sWASMFS -sALLOW_MEMORY_GROWTH -sENVIRONMENT=worker"; do
    # shellcheck disable=SC2086
    em++ -std=c++20 -fno-exceptions -fno-rtti -msimd128 -O3 $flags "$folder/warm.cc" -o "$folder/warm.mjs" \
      >"$folder/log" 2>&1 ||
      { cat "$folder/log" >&2; die "Emscripten cannot link a small program with: $flags"; }
  done
  rm -rf "$folder"
}
