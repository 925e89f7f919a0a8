# The Fourier transforms of ducc0: its sources, of which the BSD-licensed headers of the FFT are used, are fetched, not
# kept here. `tools/setup` puts them into .venv/src; without them they are downloaded into the build folder.
set(TNP_DUCC_VERSION 0.42.0)
set(TNP_DUCC_SHA256 4e11c59b53a43355b053aebb2a62ee16eebeed026575f7d216cf09d437ce52ef)
set(TNP_DUCC_DIR "" CACHE PATH "Where the sources of ducc0 lie, if neither in .venv/src nor to be downloaded")

function(tnp_find_ducc result)
  foreach(folder "${TNP_DUCC_DIR}" "${CMAKE_SOURCE_DIR}/.venv/src/ducc0-${TNP_DUCC_VERSION}"
                 "${CMAKE_BINARY_DIR}/ducc0-${TNP_DUCC_VERSION}")
    if(EXISTS "${folder}/src/ducc0/fft/fft.h")
      set(${result} "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

tnp_find_ducc(ducc_dir)
if(NOT ducc_dir)
  set(archive "${CMAKE_BINARY_DIR}/ducc0-${TNP_DUCC_VERSION}.tar.gz")
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/fetch_ducc "${CMAKE_BINARY_DIR}" RESULT_VARIABLE failed
                  OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    file(DOWNLOAD "https://files.pythonhosted.org/packages/source/d/ducc0/ducc0-${TNP_DUCC_VERSION}.tar.gz" "${archive}"
         EXPECTED_HASH SHA256=${TNP_DUCC_SHA256})
    file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${CMAKE_BINARY_DIR}")
  endif()
  tnp_find_ducc(ducc_dir)
endif()
if(NOT ducc_dir)
  message(FATAL_ERROR "The sources of ducc0 ${TNP_DUCC_VERSION} are missing: run tools/setup, or set TNP_DUCC_DIR")
endif()

# One object per instruction set. All that it defines outside tnp's namespace becomes its own: else the linker would
# keep one copy of each function of the standard library, perhaps the AVX-512 one.
find_program(TNP_OBJCOPY NAMES llvm-objcopy-19 llvm-objcopy REQUIRED)
set(TNP_FFT_OBJECTS)
foreach(isa baseline avx2 avx512)
  set(part tnp_fft_${isa})
  add_library(${part} OBJECT ${ducc_sources})
  target_compile_definitions(${part} PRIVATE TNP_ISA=${isa} DUCC0_NAMESPACE=ducc0_${isa} DUCC0_CUSTOM_LOWLEVEL_THREADING)
  target_compile_options(${part} PRIVATE -g0 -fvisibility=hidden -w ${TNP_ISA_FLAGS_${isa}})
  if(TNP_SANITIZE)  # whose own symbols must stay global; and the code is not ours
    target_compile_options(${part} PRIVATE -fno-sanitize=all)
  endif()
  target_include_directories(${part} SYSTEM PRIVATE ${ducc_dir}/src ${CMAKE_SOURCE_DIR}/src/ops/fft/ducc)
  set(object ${CMAKE_BINARY_DIR}/${part}.o)
  string(LENGTH ${isa} length)
  add_custom_command(OUTPUT ${object} DEPENDS ${part} $<TARGET_OBJECTS:${part}> VERBATIM COMMAND_EXPAND_LISTS
    COMMAND ${TNP_OBJCOPY} --remove-section=.group --wildcard "--keep-global-symbol=_ZN3tnp${length}${isa}*"
            $<TARGET_OBJECTS:${part}> ${object})
  list(APPEND TNP_FFT_OBJECTS ${object})
endforeach()
