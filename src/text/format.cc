#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "text/extract.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

// Sorted, for binary search.
constexpr std::string_view kNeverText[] = {
    "3gp", "7z", "a", "aac", "accdb", "ai", "aif", "aiff", "apk", "app", "ar", "arrow", "avi", "avif", "bin",
    "blend", "bmp", "br", "bz2", "cab", "class", "cr2", "crx", "dat", "db", "dbf", "deb", "dll", "dmg",
    "doc", "docx", "dylib", "eot", "eps", "epub", "exe", "feather", "fig", "flac", "flv", "gif", "glb", "gz",
    "h5", "heic", "heif", "icns", "ico", "iso", "jar", "jp2", "jpeg", "jpg", "jxl", "key", "lib", "lz4",
    "m4a", "m4v", "mdb", "mid", "midi", "mkv", "mobi", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "nef",
    "npy", "npz", "numbers", "o", "obj", "odg", "odp", "ods", "odt", "ogg", "ogv", "onnx", "opus", "otf",
    "pages", "parquet", "pdf", "pickle", "pkl", "png", "ppt", "pptx", "psd", "pt", "pth", "pyc", "pyd",
    "rar", "raw", "rpm", "safetensors", "sketch", "so", "sqlite", "sqlite3", "stl", "swf", "sys", "tar",
    "tbz2", "tgz", "tif", "tiff", "ttc", "ttf", "txz", "wasm", "wav", "webm", "webp", "whl", "wma", "wmv",
    "woff", "woff2", "xd", "xls", "xlsx", "xpi", "xz", "z", "zip", "zst"};

constexpr std::string_view kCode[] = {
    "asm", "bash", "bat", "c", "cc", "cfg", "cjs", "clj", "cmake", "cmd", "conf", "cpp", "cs", "css", "cu",
    "cxx", "d", "dart", "diff", "el", "elm", "env", "erl", "ex", "exs", "f", "f90", "fish", "fs", "glsl",
    "go", "gradle", "graphql", "groovy", "h", "hcl", "hh", "hpp", "hs", "hxx", "ini", "ipp", "java", "jl",
    "js", "jsx", "kt", "kts", "less", "lisp", "lua", "m", "mjs", "mk", "ml", "mli", "mm", "nim", "nix",
    "pas", "patch", "php", "pl", "pm", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "s", "sass", "scala",
    "scm", "scss", "sh", "sql", "svelte", "swift", "tcl", "tf", "toml", "ts", "tsx", "v", "vb", "vhd",
    "vhdl", "vim", "vue", "wgsl", "xml", "xsd", "xsl", "yaml", "yml", "zig", "zsh"};

std::string Extension(std::string_view path) {
  path = BaseName(path);
  const size_t dot = path.rfind('.');
  // ".gitignore" is a name, no extension.
  if (dot == std::string_view::npos || dot == 0) return {};
  return AsciiLower(path.substr(dot + 1));
}

template <size_t kCount>
bool Holds(const std::string_view (&sorted)[kCount], std::string_view value) {
  return std::binary_search(std::begin(sorted), std::end(sorted), value);
}

}  // namespace

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Format DetectFormat(std::string_view path) {
  const std::string extension = Extension(path);
  if (extension == "md" || extension == "markdown" || extension == "mdown" || extension == "mkd" ||
      extension == "mdx" || extension == "qmd" || extension == "rmd") {
    return Format::kMarkdown;
  }
  if (extension == "html" || extension == "htm" || extension == "xhtml") return Format::kHtml;
  if (extension == "json" || extension == "geojson" || extension == "ipynb" || extension == "jsonc" ||
      extension == "webmanifest") {
    return Format::kJson;
  }
  if (extension == "jsonl" || extension == "ndjson") return Format::kJsonLines;
  if (extension == "csv" || extension == "tsv") return Format::kCsv;
  if (Holds(kCode, extension)) return Format::kCode;
  const std::string name = AsciiLower(BaseName(path));
  if (name == "makefile" || name == "dockerfile" || name == "cmakelists.txt") return Format::kCode;
  return Format::kPlainText;
}

bool IsSupportedPath(std::string_view path) {
  if (BaseName(path) == ".DS_Store" || BaseName(path) == "Thumbs.db") return false;
  return !Holds(kNeverText, Extension(path));
}

}  // namespace lodestone
