# The JIT: LLVM 19, linked statically and hidden, seen by src/compiler/codegen/llvm only.
#
# llvm-config and not LLVM's CMake package: that one insists on libraries (z3, xml2, ffi) that nothing here reaches.
find_program(LLVM_CONFIG NAMES llvm-config-19 HINTS /usr/lib/llvm-19/bin REQUIRED)
set(components core orcjit native passes bitreader linker)
if(TNP_CUDA)
  list(APPEND components nvptx)
endif()
function(llvm_config out)
  execute_process(COMMAND ${LLVM_CONFIG} ${ARGN} OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(text UNIX_COMMAND "${text}")
  set(${out} ${text} PARENT_SCOPE)
endfunction()
llvm_config(llvm_includes --includedir)
llvm_config(llvm_libraries --link-static --libfiles ${components})

target_include_directories(tnp_llvm SYSTEM PRIVATE ${llvm_includes})
target_compile_definitions(tnp_llvm PRIVATE __STDC_CONSTANT_MACROS __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)
target_precompile_headers(tnp_llvm PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_llvm.h)
if(TNP_SANITIZE MATCHES "undefined")
  target_compile_options(tnp_llvm PRIVATE -fno-sanitize=vptr)  # LLVM itself is not built with it
endif()
find_library(TNP_ZSTD libzstd.a REQUIRED)
find_library(TNP_ZLIB libz.a REQUIRED)
target_link_libraries(tnp PRIVATE ${llvm_libraries} ${TNP_ZSTD} ${TNP_ZLIB} rt m)
