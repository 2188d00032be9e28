# Our own code compiles without a warning; the libraries' headers are system headers.
add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Lets ccache reuse objects that were built with the precompiled header.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
