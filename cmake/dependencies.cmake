# Everything vapisync uses comes from Debian 12's packages; `./dev` installs them.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tomlplusplus 3 REQUIRED CONFIG)
find_package(CLI11 2 REQUIRED CONFIG)
find_package(RapidJSON REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG)  # it has no version file
find_package(PostgreSQL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

add_library(dependencies INTERFACE)
target_link_libraries(dependencies INTERFACE
  Threads::Threads OpenSSL::SSL OpenSSL::Crypto Boost::headers Boost::url fmt::fmt spdlog::spdlog
  tomlplusplus::tomlplusplus CLI11::CLI11 prometheus-cpp::core PkgConfig::PQXX PkgConfig::SODIUM PostgreSQL::PostgreSQL)
target_compile_definitions(dependencies INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  RAPIDJSON_HAS_STDSTRING=1)
# Strings 16 bytes at a time. It reads beyond their end, which AddressSanitizer can't know to be harmless.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_definitions(dependencies INTERFACE $<$<CONFIG:RelWithDebInfo>:RAPIDJSON_SSE2>)
endif()
