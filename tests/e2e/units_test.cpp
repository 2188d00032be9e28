// The units of systemd/: what its own tools say of them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "support/operator.hpp"

namespace vapisync::test {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

std::string unit(const std::string& name) {
  return read(std::string(VAPISYNC_SOURCE_DIR) + "/systemd/" + name);
}

/// The unit as it would be installed here, under the name of an instance where it is a template.
struct Installed {
  explicit Installed(const std::string& name) {
    std::string folder = "/tmp/vapisync-units-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory = folder;
    path = directory + "/" + replaced(name, "@.", "@eu.");
    std::ofstream(path) << replaced(unit(name), "/usr/bin/vapisync", VAPISYNC_BINARY);
  }
  ~Installed() { std::filesystem::remove_all(directory); }
  std::string directory;
  std::string path;
};

struct Units : ::testing::TestWithParam<const char*> {};

TEST_P(Units, SystemdFindsNothingToComplainAbout) {
  const Installed installed(GetParam());
  const Ran ran = run_program({"/usr/bin/systemd-analyze", "verify", installed.path});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST_P(Units, ItIsExposedToAlmostNothing) {
  const Installed installed(GetParam());
  const Ran ran = run_program({"/usr/bin/systemd-analyze", "security", "--offline=true",
                               "--no-pager", "--threshold=15", installed.path});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_TRUE(contains(ran.out, "Overall exposure level")) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(Each, Units,
                         ::testing::Values("vapisync.service", "vapisync@.service",
                                           "vapisync-prune.service"),
                         [](const auto& info) {
                           const std::string name = info.param;
                           if (contains(name, "prune")) return "Prune";
                           return contains(name, "@") ? "Template" : "Single";
                         });

TEST(PruneTimer, StartsTheUnitOfItsName) {
  const Installed service("vapisync-prune.service");
  const std::string timer = service.directory + "/vapisync-prune.timer";
  std::ofstream(timer) << unit("vapisync-prune.timer");
  const Ran ran = run_program({"/usr/bin/systemd-analyze", "verify", timer, service.path});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST(PruneUnit, HasTheSecretsAndTheWallsOfTheDaemon) {
  const auto job = unit("vapisync-prune.service");
  const auto daemon = unit("vapisync.service");
  std::istringstream walls(daemon.substr(daemon.find("\nDynamicUser=")));
  int compared = 0;
  for (std::string line; std::getline(walls, line) && line != "[Install]"; ++compared) {
    EXPECT_TRUE(line.empty() || contains(job, "\n" + line + "\n")) << line;
  }
  EXPECT_GT(compared, 20);
  std::istringstream lines(daemon);
  for (std::string line; std::getline(lines, line);) {
    const bool is_secret = line.starts_with("LoadCredential=") || line.starts_with("Environment=");
    EXPECT_TRUE(!is_secret || contains(job, "\n" + line + "\n")) << line;
  }
}

TEST(UnitTemplate, IsTheSingleUnitUnderTheNameOfAnInstance) {
  std::istringstream single(unit("vapisync.service"));
  std::istringstream instance(replaced(unit("vapisync@.service"), "%i", "INSTANCE"));
  const auto neutral = [](std::string line) {
    line = replaced(line, "/etc/vapisync/vapisync.toml", "/etc/vapisync/INSTANCE.toml");
    line = replaced(line, "=platform.key:vapisync.", "=platform.key:vapisync.INSTANCE.");
    line = replaced(line, "=seal.keys:vapisync.", "=seal.keys:vapisync.INSTANCE.");
    line = replaced(line, "=pgpass:vapisync.", "=pgpass:vapisync.INSTANCE.");
    line = replaced(line, "Description=vapisync,", "Description=vapisync INSTANCE,");
    return line == "User=vapisync" ? "User=vapisync-INSTANCE" : line;
  };
  for (std::string mine, theirs; std::getline(single, mine);) {
    ASSERT_TRUE(std::getline(instance, theirs)) << mine;
    if (!mine.starts_with("#")) EXPECT_EQ(neutral(mine), theirs);
  }
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(instance), {}), "");
}

TEST(UnitTemplate, TheTimeToStopIsLongerThanADrain) {
  const Ran shown = run_program({VAPISYNC_BINARY, "config", "show", "--json"});
  const auto config = json::parse(shown.out).value();
  const auto& drain = *json::find(*json::find(config, "engine"), "drain_ms");
  EXPECT_GT(45'000, json::int_or(drain, "value", 0));
  EXPECT_TRUE(contains(unit("vapisync.service"), "\nTimeoutStopSec=45\n"));
}

}  // namespace
}  // namespace vapisync::test
