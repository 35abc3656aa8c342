# One interface target carries the flags; holdfast_library() and holdfast_program() apply it.
add_library(holdfast_flags INTERFACE)
target_compile_options(holdfast_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wcast-qual -fno-omit-frame-pointer)
target_include_directories(holdfast_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(holdfast_flags INTERFACE HOLDFAST_VERSION="${PROJECT_VERSION}")
target_link_libraries(holdfast_flags INTERFACE Threads::Threads)

if(HOLDFAST_SANITIZE)
  target_compile_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
endif()

# Every header is compiled alone, so that none leans on what another happened to include: most come first in
# their own file (check-layers sees to it), the others get one here.
function(holdfast_check_headers target)
  get_target_property(dir ${target} SOURCE_DIR)
  file(GLOB headers RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${dir}/*.h)
  set(units)
  foreach(header ${headers})
    string(REGEX REPLACE "[.]h$" ".cc" own ${CMAKE_SOURCE_DIR}/${header})
    if(EXISTS ${own})
      continue()
    endif()
    string(MAKE_C_IDENTIFIER ${header} id)
    set(unit ${CMAKE_BINARY_DIR}/headers/${id}.cc)
    if(NOT EXISTS ${unit})
      file(WRITE ${unit} "#include \"${header}\"\n#include \"${header}\"\n")
    endif()
    list(APPEND units ${unit})
  endforeach()
  if(units AND HOLDFAST_CHECK_HEADERS)
    add_library(${target}_headers OBJECT ${units})
    target_link_libraries(${target}_headers PRIVATE ${target} holdfast_flags)
    set_target_properties(${target}_headers PROPERTIES UNITY_BUILD OFF)
  endif()
endfunction()
