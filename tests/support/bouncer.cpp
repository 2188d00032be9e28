#include "support/bouncer.hpp"

#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <stdexcept>
#include <stdlib.h>
#include <unistd.h>

#include "support/convergence.hpp"

namespace vapisync::test {
namespace {

/// Sessions are few and go from hand to hand, so that whatever relies on one of them breaks.
void write_files(const std::string& directory, const PostgresServer& server) {
  std::ofstream(directory + "/users") << "\"postgres\" \"\"\n\"app_daemon\" \"\"\n";
  std::ofstream(directory + "/pgbouncer.ini")
      << "[databases]\n* = host=" << server.directory() << " port=" << server.port()
      << "\n[pgbouncer]\nlisten_addr =\nlisten_port = 1\nunix_socket_dir = " << directory
      << "\nauth_type = trust\nauth_file = " << directory << "/users\npool_mode = transaction\n"
      << "default_pool_size = 3\nserver_round_robin = 1\nserver_login_retry = 0.1\nmax_client_conn "
         "= 100\n";
}

/// PgBouncer refuses root. Giving up root also forgets who asked to be told of the parent's end.
std::vector<std::string> command(const std::string& directory) {
  std::vector<std::string> words{"/usr/sbin/pgbouncer", "-q", directory + "/pgbouncer.ini"};
  if (::getuid() != 0) return words;
  const std::vector<std::string> unprivileged{"/usr/bin/setpriv", "--reuid=postgres",
                                              "--regid=postgres", "--clear-groups",
                                              "--pdeathsig=KILL", "--"};
  words.insert(words.begin(), unprivileged.begin(), unprivileged.end());
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr || ::chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("cannot give " + directory + " to the user postgres");
  }
  return words;
}

}  // namespace

Bouncer::Bouncer(const PostgresServer& server) : directory_("/tmp/vapisync-bouncer-XXXXXX") {
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  write_files(directory_, server);
  process_ = std::make_unique<Process>(command(directory_));
  await_sql(url("postgres"), "SELECT 1", "1");
}

Bouncer::~Bouncer() {
  process_.reset();
  std::filesystem::remove_all(directory_);
}

std::string Bouncer::url(const std::string& user) const {
  return "postgresql://" + user + "@/postgres?host=" + directory_ + "&port=1";
}

}  // namespace vapisync::test
