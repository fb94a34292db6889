# Third-party C and C++ sources, as Debian source packages and npm packages, unpacked into the cache.
#
# Sourced. Needs: versions.sh, messages.sh, apt_private.sh, env.sh.

# Downloads the upstream tarball of source package $1 at version $2 into the current folder and prints
# its name; fails when the mirror lacks it. apt checks it against the signed index.
source_download() {
  local name=$1 version=$2 tarball
  # A mirror may hold the tarball and lack Debian's small files beside it; only the tarball counts.
  apt_p_get source --download-only -qq "$name=$version" >/dev/null 2>&1 || true
  tarball=$(find . -maxdepth 1 -name "${name}_*.orig.tar.*" ! -name '*.asc' ! -name '*.FAILED' | head -n 1)
  [ -n "$tarball" ] && printf '%s\n' "$tarball"
}

# The same for the pinned version, from the mirror's pool without its index: a pool keeps a file for long after the
# index has moved past it, and may not have the next one yet. apt checks it against the pinned hash $3.
source_download_pinned() {
  local name=$1 version=$2 sha256=$3 folder ending tarball
  version=${version#*:}
  case $name in
    lib*) folder=${name:0:4} ;;
    *) folder=${name:0:1} ;;
  esac
  for ending in xz gz bz2; do
    tarball=${name}_${version%-*}.orig.tar.$ending
    if APT_CONFIG="$APT_PRIVATE/apt.conf" /usr/lib/apt/apt-helper download-file -qq \
      "$APT_PRIVATE_MIRROR/pool/main/$folder/$name/$tarball" "$tarball" "SHA256:$sha256" >/dev/null 2>&1; then
      printf '%s\n' "./$tarball"
      return 0
    fi
    rm -f "$tarball" "$tarball.FAILED"
  done
  return 1
}

# Fetches one line of SOURCE_PINS into the folder $1.
source_install() {
  local root=$1 name=$2 suites=$3 pinned=$4 sha256=$5 inner=$6
  local version tarball='' folder found
  folder=$(mktemp -d "$APT_PRIVATE/source.XXXXXX")
  cd "$folder"
  # The pinned version first, then whatever the suites have now, newest first.
  version=$pinned
  tarball=$(source_download_pinned "$name" "$pinned" "$sha256") ||
    for version in "$pinned" $(apt_p_cache showsrc "$name" 2>/dev/null |
      sed -n 's/^Version: //p' | grep -vxF "$pinned" | sort -rV); do
      if tarball=$(source_download "$name" "$version"); then break; fi
    done
  [ -n "$tarball" ] || die "The mirror has no source of $name (suites: $suites)."
  found=$(sha256sum "$tarball" | cut -d' ' -f1)
  if [ "$found" != "$sha256" ]; then
    [ "$version" != "$pinned" ] ||
      die "The source of $name $version is not the one pinned in scripts/lib/versions.sh (sha256 $found)."
    warn "$name is $version on the mirror, $pinned in scripts/lib/versions.sh; taking the mirror's"
  fi
  mkdir unpacked
  tar -xf "$tarball" -C unpacked --strip-components=1
  [ -d "unpacked/$inner" ] || die "The source of $name $version has no folder $inner."
  printf '%s %s\n' "$name" "$version" >"unpacked/$inner/DEBIAN_VERSION"
  if [ "$inner" = . ]; then
    mv unpacked "$root/$name"
  else
    mv "unpacked/$inner" "$root/$(basename "$inner")"
  fi
  cd "$root"
}

# Puts the third-party sources at $LODESTONE_SOURCES, whole or not at all.
sources_install() {
  local root name suites version sha256 inner
  say "fetching third-party sources"
  root=$(mktemp -d "$LODESTONE_CACHE/sources-new.XXXXXX")
  # shellcheck disable=SC2046
  apt_private_open deb-src $(printf '%s' "$SOURCE_PINS" | awk -F'|' 'NF > 1 { n = split($2, s, " "); for (i = 1; i <= n; i++) if (!seen[s[i]]++) print s[i] }')
  while IFS='|' read -r name suites version sha256 inner; do
    [ -n "${name// /}" ] || continue
    source_install "$root" "${name// /}" "$suites" "${version// /}" "${sha256// /}" "${inner// /}"
  done <<<"$SOURCE_PINS"
  apt_private_close
  chmod -R u=rwX,go=rX "$root"
  rm -rf "$LODESTONE_SOURCES"
  mv "$root" "$LODESTONE_SOURCES"
}
