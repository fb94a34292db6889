# How a folder of src becomes libraries and web modules.
#
# Natively each library is built once. For the web it is built with threads (suffix _mt) and without
# (_st): the two cannot be linked together, as shared memory changes the code. A target's name is
# lodestone_NAME or third_NAME plus that suffix.

if(EMSCRIPTEN)
  set(LODESTONE_VARIANTS _mt _st)
else()
  set(LODESTONE_VARIANTS "_native")
endif()

# Read once for each library of a native build, which is built three times for the tests. The web build, without them,
# tells when a file forgets an include.
set(LODESTONE_COMMON_HEADERS <algorithm> <functional> <map> <memory> <optional> <string> <string_view> <unordered_map> <utility> <vector>)

# Sets `out` to the target of dependency `name` in `variant`: "text" is ours, "third_yyjson" is not.
function(lodestone_resolve out name variant)
  if(name MATCHES "^third_")
    set(${out} "${name}${variant}" PARENT_SCOPE)
  else()
    set(${out} "lodestone_${name}${variant}" PARENT_SCOPE)
  endif()
endfunction()

function(lodestone_set_threads target variant)
  if(variant STREQUAL "_mt")
    target_compile_options(${target} PUBLIC -pthread)
  elseif(variant STREQUAL "_native")
    find_package(Threads REQUIRED)
    target_link_libraries(${target} PUBLIC Threads::Threads)
  endif()
endfunction()

# lodestone_library(NAME SOURCES a.cc ... [WEB_SOURCES b_web.cc ...] [NATIVE_SOURCES b_native.cc ...]
#                   [DEPS base third_yyjson ...] [VARIANTS _st])
# VARIANTS narrows the web variants, for what is never linked with threads.
function(lodestone_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;WEB_SOURCES;NATIVE_SOURCES;DEPS;VARIANTS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lodestone_library(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(sources ${arg_SOURCES})
  set(variants ${LODESTONE_VARIANTS})
  if(EMSCRIPTEN)
    list(APPEND sources ${arg_WEB_SOURCES})
    if(arg_VARIANTS)
      set(variants ${arg_VARIANTS})
    endif()
  else()
    list(APPEND sources ${arg_NATIVE_SOURCES})
  endif()
  foreach(variant IN LISTS variants)
    set(target "lodestone_${name}${variant}")
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE lodestone_own_flags)
    if(NOT EMSCRIPTEN)
      target_precompile_headers(${target} PRIVATE ${LODESTONE_COMMON_HEADERS})
    endif()
    lodestone_set_threads(${target} "${variant}")
    foreach(dependency IN LISTS arg_DEPS)
      lodestone_resolve(resolved ${dependency} "${variant}")
      target_link_libraries(${target} PUBLIC ${resolved})
    endforeach()
  endforeach()
endfunction()

# lodestone_third_party(NAME SOURCES ... [INCLUDE folder ...] [DEFINE X=1 ...] [DEFINE_MT ...]
#                       [DEFINE_ST ...] [PUBLIC_DEFINE ...] [OPTIONS ...] [VARIANTS _st])
# DEFINE_MT applies where there are threads (natively too), DEFINE_ST where there are none.
function(lodestone_third_party name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
    "SOURCES;INCLUDE;DEFINE;DEFINE_MT;DEFINE_ST;PUBLIC_DEFINE;OPTIONS;VARIANTS")
  set(variants ${LODESTONE_VARIANTS})
  if(EMSCRIPTEN AND arg_VARIANTS)
    set(variants ${arg_VARIANTS})
  endif()
  foreach(variant IN LISTS variants)
    set(target "third_${name}${variant}")
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} SYSTEM PUBLIC ${arg_INCLUDE})
    target_compile_definitions(${target} PRIVATE ${arg_DEFINE} PUBLIC ${arg_PUBLIC_DEFINE})
    # Lines for stack traces, no more: a debugger's full data of these is slow to make and to link.
    target_compile_options(${target} PRIVATE -w $<$<CONFIG:Debug>:-g1> ${arg_OPTIONS})
    if(variant STREQUAL "_st")
      target_compile_definitions(${target} PRIVATE ${arg_DEFINE_ST})
    else()
      target_compile_definitions(${target} PRIVATE ${arg_DEFINE_MT})
    endif()
    lodestone_set_threads(${target} "${variant}")
  endforeach()
endfunction()

# lodestone_web_module(NAME VARIANT _mt|_st SOURCES ... DEPS ... LINK_OPTIONS ...)
# An ES module NAME.mjs with NAME.wasm, loaded by a page or a worker.
function(lodestone_web_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "VARIANT" "SOURCES;DEPS;LINK_OPTIONS")
  set(target "lodestone_module_${name}")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX ".mjs"
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/web")
  target_link_libraries(${target} PRIVATE lodestone_own_flags)
  lodestone_set_threads(${target} "${arg_VARIANT}")
  foreach(dependency IN LISTS arg_DEPS)
    lodestone_resolve(resolved ${dependency} "${arg_VARIANT}")
    target_link_libraries(${target} PRIVATE ${resolved})
  endforeach()
  target_link_options(${target} PRIVATE
    --no-entry
    -sMODULARIZE
    -sEXPORT_ES6
    -sSTRICT
    # The page's policy forbids eval.
    -sDYNAMIC_EXECUTION=0
    -sALLOW_MEMORY_GROWTH
    -sSTACK_SIZE=1MB
    -sABORTING_MALLOC=0
    -sEXIT_RUNTIME=0
    # The optimiser would fold whole call trees into one function of 90 kB, which a browser compiles for
    # half a second just when the page starts.
    $<$<CONFIG:Release>:-sBINARYEN_EXTRA_PASSES=--one-caller-inline-max-function-size=200>
    -sALLOW_UNIMPLEMENTED_SYSCALLS=1
    $<IF:$<CONFIG:Debug>,-sASSERTIONS=2,-sASSERTIONS=0>
    $<$<CONFIG:Debug>:-sSTACK_OVERFLOW_CHECK=2>
    ${arg_LINK_OPTIONS})
endfunction()
