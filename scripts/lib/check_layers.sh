#!/usr/bin/env bash
# Fails when a folder of src includes what its layer may not. The layers are those of README.md.
#   check_layers.sh [ROOT]
set -euo pipefail
root=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root/src"
breaches=0

breach() {
  printf '%s: may not include %s\n' "$1" "$2"
  breaches=$((breaches + 1))
}

# What each folder may include besides itself.
allowed() {
  case $1 in
    base) echo '' ;;
    protocol) echo 'base' ;;
    platform) echo 'base' ;;
    text | embed | index | store) echo 'base platform' ;;
    engine) echo 'text index embed store protocol platform base' ;;
    ui) echo 'protocol base' ;;
    app) echo 'base protocol text embed index store engine ui platform' ;;
    *) return 1 ;;
  esac
}

folders=$(find . -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
for folder in $folders; do
  if ! may=$(allowed "$folder"); then
    printf 'src/%s: no layer is known for this folder\n' "$folder"
    breaches=$((breaches + 1))
    continue
  fi
  while IFS=: read -r file line include; do
    case $include in
      *'"'*/*'"'*)
        target=${include#*\"}
        target=${target%%/*}
        case " $folder $may " in
          *" $target "*) ;;
          *) breach "src/$file:$line" "\"$target/\"" ;;
        esac
        ;;
    esac
    header=$(printf '%s' "$include" | sed -E 's/^[^<"]*[<"]([^>"]*)[>"].*/\1/')
    case $header in
      imgui*) case $folder in ui | app) ;; *) breach "src/$file:$line" 'Dear ImGui outside ui and app' ;; esac ;;
      sqlite3*) [ "$folder" = store ] || breach "src/$file:$line" 'SQLite outside store' ;;
      emscripten*)
        case $folder/$file in
          app/* | */*_web.cc) ;;
          *) breach "src/$file:$line" '<emscripten> outside app and *_web.cc' ;;
        esac
        ;;
    esac
  done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.h' --include='*.cc' "$folder" || true)
done

# Text, index, embed and store see what platform declares, never how it is done.
while IFS=: read -r file line _; do
  breach "src/$file:$line" 'a platform header of one platform'
done < <(grep -rnE '#include "platform/[a-z_]*_(web|native)\.h"' text index embed store engine 2>/dev/null || true)

if [ "$breaches" -gt 0 ]; then
  printf '%s breaches of the layers\n' "$breaches"
  exit 1
fi
