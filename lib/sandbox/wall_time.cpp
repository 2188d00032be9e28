#include "sandbox/wall_time.hpp"

#include <charconv>
#include <fmt/format.h>

namespace vapisync::sandbox {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Takes a text apart from left to right; the first mismatch makes everything after it fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(size_t count) {
    int value = 0;
    if (rest_.size() < count) return fail();
    const auto result = std::from_chars(rest_.data(), rest_.data() + count, value);
    if (result.ec != std::errc{} || result.ptr != rest_.data() + count) return fail();
    rest_.remove_prefix(count);
    return value;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  /// Any number of decimals; what is finer than a millisecond is cut off.
  milliseconds fraction() {
    int value = 0;
    int count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (count < 3) value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++count;
    }
    if (count == 0) fail();
    for (; count < 3; ++count) value *= 10;
    return milliseconds(value);
  }
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    return 0;
  }
  std::string_view rest_;
  bool failed_{false};
};

milliseconds offset(Scanner& scanner) {
  if (scanner.accept('Z')) return milliseconds(0);
  const bool east = scanner.accept('+');
  if (!east) scanner.expect('-');
  const hours h(scanner.digits(2));
  scanner.accept(':');
  const minutes m(scanner.digits(2));
  return east ? milliseconds(h + m) : -milliseconds(h + m);
}

}  // namespace

std::string to_iso(Instant t) {
  const auto day = std::chrono::floor<days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::optional<Instant> from_iso(std::string_view s) {
  Scanner scanner(s);
  const std::chrono::year year(scanner.digits(4));
  scanner.expect('-');
  const std::chrono::month month(static_cast<unsigned>(scanner.digits(2)));
  scanner.expect('-');
  const std::chrono::day day(static_cast<unsigned>(scanner.digits(2)));
  scanner.expect('T');
  milliseconds time = hours(scanner.digits(2));
  scanner.expect(':');
  time += minutes(scanner.digits(2));
  scanner.expect(':');
  time += seconds(scanner.digits(2));
  if (scanner.accept('.')) time += scanner.fraction();
  time -= offset(scanner);
  const std::chrono::year_month_day date(year, month, day);
  if (!scanner.complete() || !date.ok()) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + time;
}

}  // namespace vapisync::sandbox
