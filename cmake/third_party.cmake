# Third-party code: compiled from the sources that scripts/setup fetched, without our warnings.

set(sources "${LODESTONE_SOURCES}")
set(packages "${PROJECT_SOURCE_DIR}/node_modules")

lodestone_third_party(utf8proc
  SOURCES "${sources}/utf8proc/utf8proc.c"
  INCLUDE "${sources}/utf8proc"
  PUBLIC_DEFINE UTF8PROC_STATIC)

lodestone_third_party(md4c
  SOURCES "${sources}/md4c/src/md4c.c"
  INCLUDE "${sources}/md4c/src")

lodestone_third_party(yyjson
  SOURCES "${sources}/yyjson/src/yyjson.c"
  INCLUDE "${sources}/yyjson/src"
  DEFINE YYJSON_DISABLE_WRITER=1 YYJSON_DISABLE_UTILS=1
  # By default all of its reader is inlined into one function of 68 kB, which a browser has to compile at the start to
  # read the model's tokenizer.
  OPTIONS $<$<PLATFORM_ID:Emscripten>:-Dyyjson_inline=inline> $<$<AND:$<PLATFORM_ID:Emscripten>,$<CONFIG:Release>>:-O2>)

# Its path for 128-bit wasm vectors goes through a header of NEON intrinsics that a compiler may lack.
lodestone_third_party(xxhash
  SOURCES "${sources}/xxhash/xxhash.c"
  INCLUDE "${sources}/xxhash"
  OPTIONS $<$<BOOL:${EMSCRIPTEN}>:-DXXH_HAS_INCLUDE\(header\)=0>)

# lexbor's HTML tokenizer and what it stands on. Its tree builder stays out: it takes quadratic time on
# deeply nested documents (40 s for 100,000 nested div), the tokenizer is linear.
file(GLOB html_sources CONFIGURE_DEPENDS
  "${sources}/lexbor/lexbor/core/*.c"
  "${sources}/lexbor/lexbor/dom/interface.c"
  "${sources}/lexbor/lexbor/dom/interfaces/*.c"
  "${sources}/lexbor/lexbor/html/tag.c"
  "${sources}/lexbor/lexbor/html/token.c"
  "${sources}/lexbor/lexbor/html/token_attr.c"
  "${sources}/lexbor/lexbor/html/tokenizer.c"
  "${sources}/lexbor/lexbor/html/tokenizer/*.c"
  "${sources}/lexbor/lexbor/ns/*.c"
  "${sources}/lexbor/lexbor/tag/*.c"
  "${sources}/lexbor/lexbor/ports/posix/lexbor/core/*.c")
lodestone_third_party(html
  SOURCES ${html_sources}
  INCLUDE "${sources}/lexbor"
  PUBLIC_DEFINE LEXBOR_STATIC)

lodestone_third_party(sqlite
  SOURCES "${packages}/better-sqlite3/deps/sqlite3/sqlite3.c"
  INCLUDE "${packages}/better-sqlite3/deps/sqlite3"
  DEFINE
    SQLITE_ENABLE_FTS5
    SQLITE_DQS=0
    SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_LIKE_DOESNT_MATCH_BLOBS
    SQLITE_OMIT_DEPRECATED
    SQLITE_OMIT_LOAD_EXTENSION
    SQLITE_OMIT_SHARED_CACHE
    SQLITE_TEMP_STORE=3
  # Each connection stays on one thread at a time, so the locks of mode 1 would guard nothing.
  DEFINE_MT SQLITE_THREADSAFE=2
  DEFINE_ST SQLITE_THREADSAFE=0
  # For the same reason: its interpreter is one function, and 48 kB with all that can be inlined.
  OPTIONS $<$<AND:$<PLATFORM_ID:Emscripten>,$<CONFIG:Release>>:-O2> $<$<PLATFORM_ID:Emscripten>:-fno-inline-functions>)

# The interface's layout and state are tested natively, so the core is built there too; only the web
# draws.
set(imgui_sources
  "${sources}/imgui/imgui.cpp"
  "${sources}/imgui/imgui_draw.cpp"
  "${sources}/imgui/imgui_tables.cpp"
  "${sources}/imgui/imgui_widgets.cpp")
if(EMSCRIPTEN)
  list(APPEND imgui_sources "${sources}/imgui/backends/imgui_impl_opengl3.cpp")
endif()
lodestone_third_party(imgui
  SOURCES ${imgui_sources}
  INCLUDE "${sources}/imgui" "${sources}/imgui/backends"
  PUBLIC_DEFINE "IMGUI_USER_CONFIG=\"ui/imgui_config.h\""
  OPTIONS "-I${PROJECT_SOURCE_DIR}/src" $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>
  VARIANTS _st)

lodestone_third_party(gtest
  SOURCES "${sources}/googletest/googletest/src/gtest-all.cc"
          "${sources}/googletest/googletest/src/gtest_main.cc"
  INCLUDE "${sources}/googletest/googletest/include"
  # Like our tests: an object that one side made without type information cannot be checked by the other.
  OPTIONS "-I${sources}/googletest/googletest" -fno-rtti
  VARIANTS _st)
if(EMSCRIPTEN)
  set_target_properties(third_gtest_st PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
