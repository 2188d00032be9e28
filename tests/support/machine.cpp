#include "support/machine.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <unistd.h>

#include "support/await.hpp"

namespace vapisync::test {
namespace {

constexpr auto script = VAPISYNC_SOURCE_DIR "/tests/support/machine.sh";

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string child_of(pid_t pid) {
  const auto name = std::to_string(pid);
  std::string child = first_line("/proc/" + name + "/task/" + name + "/children");
  while (child.ends_with(' ')) child.pop_back();
  return child;
}

Ran run_shell(const std::string& text) {
  return run_program({"/bin/bash", "-c", text});
}

}  // namespace

std::string Machine::impossible() {
  if (geteuid() != 0) return "it needs root";
  const Ran ran = run_shell(
      "set -e; group=$(findmnt -n -t cgroup2 -o TARGET | head -n 1); test -w \"$group\";"
      " mkdir \"$group/vapisync-probe-$$\"; rmdir \"$group/vapisync-probe-$$\"; d=$(mktemp -d);"
      " unshare --mount --pid --fork --propagation private bash -ec \"mount -t tmpfs t $d;"
      " mkdir $d/u $d/w $d/r; mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r\";"
      " rmdir $d");
  return ran.exit_code == 0 ? "" : "no mounts or control groups here: " + ran.err;
}

Machine::Machine() {
  directory_ = "/tmp/vapisync-machine-XXXXXX";
  if (mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  process_ = std::make_unique<Process>(std::vector<std::string>{script, directory_, VAPISYNC_BINARY,
                                                                VAPISYNC_SOURCE_DIR "/systemd"});
  await("systemd", [this] {
    init_ = child_of(process_->pid());
    return !init_.empty() && first_line("/proc/" + init_ + "/comm") == "systemd" &&
           run({"systemctl", "is-system-running"}).out == "running\n";
  });
}

Machine::~Machine() {
  process_->signal(SIGKILL);  // and with it everything inside
  const auto groups = "$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/vapisync-" +
                      std::filesystem::path(directory_).filename().string();
  process_.reset();
  run_shell("for i in {1..100}; do find " + groups +
            " -depth -type d -exec rmdir {} + 2>/dev/null && break; done; rmdir " + directory_);
}

Ran Machine::run(std::vector<std::string> words) const {
  words.insert(words.begin(), {"/usr/bin/nsenter", "-t", init_, "-a", "-r", "-w"});
  return run_program(words);
}

void Machine::write(const std::string& path, const std::string& text) const {
  const Ran ran = run(
      {"/bin/bash", "-c", "mkdir -p $(dirname $1) && printf %s \"$2\" >$1", "write", path, text});
  if (ran.exit_code != 0) throw std::runtime_error(path + ": " + ran.err);
}

std::string Machine::property(const std::string& name) const {
  std::string value = run({"systemctl", "show", "--value", "-p", name, "vapisync.service"}).out;
  while (value.ends_with('\n')) value.pop_back();
  return value;
}

std::string Machine::journal() const {
  return run({"journalctl", "-u", "vapisync", "-o", "cat", "--no-pager"}).out;
}

}  // namespace vapisync::test
