# The extension tnp._core. It links libtnp.so, so that a process has one runtime.
file(GLOB_RECURSE python_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/python/*.cpp)
if(NOT python_sources)
  message(STATUS "No Python binding in this tree")
  return()
endif()
if(NOT Python_Development.Module_FOUND)
  message(FATAL_ERROR "The headers of ${Python_EXECUTABLE} are missing")
endif()
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_VARIABLE nanobind_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
find_package(nanobind CONFIG REQUIRED)

# Not shrunk (-Os): the way of a small array goes through here.
nanobind_add_module(_core NB_DOMAIN tnp NOMINSIZE ${python_sources})
set_target_properties(_core PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} BUILD_RPATH ${CMAKE_BINARY_DIR}/lib INSTALL_RPATH "$ORIGIN/lib")
add_dependencies(_core tnp_generated)
target_precompile_headers(_core PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_python.h)
target_link_libraries(_core PRIVATE tnp)
target_link_options(_core PRIVATE -Wl,--exclude-libs,ALL)
# nanobind's code is not ours to keep free of warnings.
target_compile_options(nanobind-static PRIVATE -w)
target_include_directories(_core SYSTEM PRIVATE ${NB_DIR}/include ${Python_INCLUDE_DIRS})
if(SKBUILD)  # into the package's folder of a wheel; a prefix for C++ gets the library only
  install(TARGETS _core LIBRARY DESTINATION .)
endif()
