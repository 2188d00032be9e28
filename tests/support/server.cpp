#include "support/server.hpp"

#include <cstdio>
#include <stdexcept>
#include <stdlib.h>
#include <unistd.h>

#include <pqxx/pqxx>

#include "db/migrator.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

std::string make_directory() {
  std::string name = "/tmp/vapisync-server-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  return name;
}

std::string port_in(const std::string& url) {
  const auto port = url.rfind("port=");
  if (port == std::string::npos) throw std::runtime_error("no port in: " + url);
  return url.substr(port + 5, url.find_first_of("&\n", port) - port - 5);
}

}  // namespace

std::string postgres_tool(const std::string& arguments) {
  const std::string command = "FAST=1 GUARD_PID=" + std::to_string(::getpid()) +
                              " '" VAPISYNC_SOURCE_DIR "/tools/postgres' " + arguments;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return output;
}

PostgresServer::PostgresServer()
    : directory_(make_directory()), port_(port_in(postgres_tool("start " + directory_))) {}

PostgresServer::PostgresServer(const PostgresServer& primary)
    : directory_(make_directory()),
      port_(port_in(postgres_tool("standby " + directory_ + " " + primary.directory_))) {}

PostgresServer::~PostgresServer() {
  try {
    postgres_tool("stop " + directory_);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

void PostgresServer::migrate() {
  pqxx::connection connection(url());
  if (const auto done = db::migrate_up(connection); !done) {
    throw std::runtime_error("migration failed: " + done.error().message);
  }
  value(connection, "CREATE ROLE app_daemon LOGIN IN ROLE vapisync_daemon");
}

void PostgresServer::restart(const std::string& mode) {
  postgres_tool("restart " + directory_ + " " + mode);
}

void PostgresServer::kill() {
  postgres_tool("kill " + directory_);
}

void PostgresServer::start() {
  postgres_tool("start " + directory_ + " " + port_);
}

void PostgresServer::promote() {
  postgres_tool("promote " + directory_);
}

std::string PostgresServer::url(const std::string& user, const std::string& database) const {
  return "postgresql://" + user + "@/" + database + "?host=" + directory_ + "&port=" + port_;
}

std::string PostgresServer::sql(const std::string& statement) const {
  pqxx::connection connection(url());
  return value(connection, statement);
}

std::string failover_url(const PostgresServer& first, const PostgresServer& second) {
  return "postgresql://app_daemon@/postgres?host=" + first.directory() + "," + second.directory() +
         "&port=" + first.port() + "," + second.port() + "&target_session_attrs=read-write";
}

}  // namespace vapisync::test
