#pragma once
// What was asked and what it did, in the order of arrival. Bounded: the oldest entries make room,
// and how many did is told.
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/model.hpp"
#include "sandbox/wall_time.hpp"

namespace vapisync::sandbox {

/// How the client saw a request end.
enum class Ending {
  answered,
  cut,   ///< the connection closed without an answer
  late,  ///< not yet carried out: it has an entry of its own when it lands
};

struct JournalEntry {
  uint64_t seq{0};
  Instant at;
  std::string method;
  std::string target;  ///< path and query
  std::string org_id;
  Ending ending{Ending::answered};
  int status{0};    ///< that the client was given
  int executed{0};  ///< that the service itself came to; 0: nothing was carried out
  std::vector<std::string> faults;
  std::string kind;
  std::string object_id;
  Change change;
  std::optional<uint64_t> late_of{};  ///< the entry in which this request arrived
  std::string body_sha256;
  std::string body;  ///< as text, or the beginning of it
  size_t body_bytes{0};
  bool is_cut{false};  ///< `body` is only the beginning
};

struct JournalLimits {
  size_t entries_max{100'000};
  size_t bytes_max{256U << 20U};
  size_t body_bytes_max{16U << 10U};  ///< of one entry
};

class Journal {
 public:
  explicit Journal(JournalLimits limits = {}) : limits_(limits) {}

  /// Gives the entry its number and keeps it; answers the number. `body` is the request's.
  uint64_t add(JournalEntry entry, std::string_view body);

  /// {"first": N, "next": N, "dropped": N, "entries": [...]} with the entries after `since`.
  [[nodiscard]] std::string to_json(uint64_t since) const;
  [[nodiscard]] const std::deque<JournalEntry>& entries() const { return entries_; }
  [[nodiscard]] uint64_t total() const { return next_ - 1; }

 private:
  JournalLimits limits_;
  std::deque<JournalEntry> entries_;
  size_t bytes_{0};
  uint64_t next_{1};
  uint64_t dropped_{0};
};

}  // namespace vapisync::sandbox
