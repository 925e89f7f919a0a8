# Compiler and linker flags for all of the project's own code.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_CXX_COMPILER_VERSION MATCHES "^19\\.")
  message(FATAL_ERROR "tnp is built with clang 19: its bitcode and its JIT (LLVM 19) must agree")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# A sloppiness of ccache is needed to cache what uses precompiled headers; the base directory and -ffile-prefix-map let
# another checkout share the cache.
find_program(CCACHE ccache)
if(CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# -ffp-contract=off: results do not depend on what the compiler happens to fuse. errno is nowhere read after maths.
add_compile_options(
  -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -fno-semantic-interposition
  -ffunction-sections -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_link_options(-fuse-ld=lld -Wl,--gc-sections)

if(TNP_SANITIZE)
  # Not "function": it reads a mark before each function that is called by address, and code made at run time has none.
  add_compile_options(-fsanitize=${TNP_SANITIZE} -fno-sanitize=function -fno-sanitize-recover=all -fno-omit-frame-pointer -UNDEBUG -Wno-pass-failed)
  add_link_options(-fsanitize=${TNP_SANITIZE})
endif()

include_directories(${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)

# The value of the precompiled header switch: clang writes a time stamp into it that no cache survives.
add_compile_options("$<$<BOOL:${CCACHE}>:SHELL:-Xclang -fno-pch-timestamp>")
