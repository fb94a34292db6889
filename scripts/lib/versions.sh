# Every version the build pins, in one place.
#
# Debian's forky is a rolling suite: when the mirror has moved past one of these, scripts/setup takes
# what the mirror has and warns. Raise the revision when the way of unpacking changes.

TOOLCHAIN_REVISION=1
TOOLCHAIN_SUITE=forky

EMSCRIPTEN_VERSION='6.0.5+dfsg+~1.41.5-2'
BINARYEN_VERSION='131-2'
EMSCRIPTEN_OLDEST_MAJOR=4
NODE_OLDEST_MAJOR=20
# Where the machine's Node is older.
NODE_VERSION='24.21.0'
NPM_VERSION='11.21.2'
PYTHON_OLDEST='3.9'

# name | suites to try, in order | version | sha256 of the upstream tarball | folder inside it (or .)
# Only the upstream tarball is taken: Debian's own patches to these concern its packaging. A mirror may
# lack a file of one suite that it has for another, hence the list.
SOURCE_PINS='
imgui      | forky trixie        | 1.92.2b+ds-1      | e7bd201d56b5ee90d24d5dac85e5c12f98bdb95410252a62d27b7f89e4566d48 | .
utf8proc   | forky trixie        | 2.11.3-2          | abfed50b6d4da51345713661370290f4f4747263ee73dc90356299dfc7990c78 | .
md4c       | forky trixie        | 0.5.3-1           | bc2e3bf85e5e6235ee5246778d608048e0a572d9d84538e5ef9e7d4b59a28ad6 | .
yyjson     | trixie forky        | 0.10.0+ds-1       | ae6fde69a193e10afab426ef13f113d6903446405f9db9ee98bfb572bd6c961a | .
googletest | forky trixie        | 1.18.0-1          | b9cf3c3d06dbae3eeca671e2a3ea33f3749e23eaa1389cd92c9d0a575e146128 | .
xxhash     | forky bookworm      | 0.8.3-2           | aae608dfe8213dfd05d909a57718ef82f30722c392344583d3f39050c7f29a80 | .
php8.4     | trixie              | 8.4.24-1~deb13u1  | e127be09a8506f4327c5cfa78a614b00d210714484ec215ce0011b4a03c00731 | ext/dom/lexbor
'
