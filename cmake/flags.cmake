# How everything is compiled.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(LODESTONE_SANITIZE "" CACHE STRING "Sanitizers of the native build, e.g. address,undefined")

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # Assertions of the standard library and of third parties are for debug builds; ours (CHECK) stay.
  set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
elseif(EMSCRIPTEN)
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
else()
  # -O1 keeps the sanitizers bearable without hiding frames; lines are all that their reports need, and a fifth less to build.
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
endif()

if(EMSCRIPTEN)
  # Never -mrelaxed-simd and never -ffast-math: a module is validated whole, and some engines refuse
  # relaxed instructions. scripts/test disassembles what is shipped.
  add_compile_options(-msimd128)
endif()

if(LODESTONE_SANITIZE)
  add_compile_options(-fsanitize=${LODESTONE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LODESTONE_SANITIZE})
endif()

# What our own targets add; third-party targets do without. Only Clang's warnings are errors: it is what
# the tests and the web are built with, and another compiler's new warning should stop nobody.
add_library(lodestone_own_flags INTERFACE)
target_compile_options(lodestone_own_flags INTERFACE
  -Wall -Wextra $<$<CXX_COMPILER_ID:Clang>:-Werror>
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
target_include_directories(lodestone_own_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
