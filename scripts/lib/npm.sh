# Node where the machine's is too old, and the npm packages as package-lock.json pins them.
#
# Sourced. Needs: versions.sh, messages.sh, env.sh.

node_is_there() { node_is_new_enough || [ -e "$LODESTONE_NODE/bin/node" ]; }

# Puts Node's own build, from npm, at $LODESTONE_NODE. A Debian build of a newer suite cannot be unpacked
# and moved as the compiler is: it reads parts of itself from /usr/share/nodejs.
node_install() {
  local fresh name machine
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) die "Install Node $NODE_OLDEST_MAJOR or newer and npm: none is known here for $(uname -m)." ;;
  esac
  say "fetching Node $NODE_VERSION, as the machine's is missing or older than $NODE_OLDEST_MAJOR"
  fresh=$(mktemp -d "$LODESTONE_CACHE/node-new.XXXXXX")
  # The machine's own npm, with the Node it belongs to.
  PATH=${PATH//"$LODESTONE_NODE/bin:"/} npm install --prefix "$fresh" --ignore-scripts --no-audit --no-fund \
    --loglevel=error "node-linux-$machine@$NODE_VERSION" "npm@$NPM_VERSION" >&2 || die "npm could not fetch Node."
  mkdir "$fresh/bin"
  ln -s "../node_modules/node-linux-$machine/bin/node" "$fresh/bin/node"
  for name in npm npx; do
    printf '#!/bin/sh\nexec '\''%s/bin/node'\'' '\''%s/node_modules/npm/bin/%s-cli.js'\'' "$@"\n' \
      "$LODESTONE_NODE" "$LODESTONE_NODE" "$name" >"$fresh/bin/$name"
    chmod +x "$fresh/bin/$name"
  done
  "$fresh/bin/node" -e '' || die "The Node that npm fetched does not start here."
  chmod 755 "$fresh"
  rm -rf "$LODESTONE_NODE"
  mv "$fresh" "$LODESTONE_NODE"
}

npm_key() { cat "$LODESTONE_ROOT"/package.json "$LODESTONE_ROOT"/package-lock.json "$LODESTONE_ROOT"/.npmrc | cksum; }

npm_is_installed() {
  [ "$(cat "$LODESTONE_ROOT/node_modules/.lodestone" 2>/dev/null)" = "$(npm_key)" ]
}

npm_install() {
  say "installing npm packages"
  (cd "$LODESTONE_ROOT" && npm ci --loglevel=error >&2) || die "npm ci failed; its message is above."
  npm_key >"$LODESTONE_ROOT/node_modules/.lodestone"
}
