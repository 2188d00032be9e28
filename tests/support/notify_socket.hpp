#pragma once
// Systemd's end of the notify protocol, as a test has it: a socket to which a daemon tells its
// state.
#include <chrono>
#include <string>

namespace vapisync::test {

class NotifySocket {
 public:
  explicit NotifySocket(std::string path);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// For the daemon's environment.
  [[nodiscard]] std::string variable() const { return "NOTIFY_SOCKET=" + path_; }

  /// The next message that contains this; throws when none comes.
  std::string await(const std::string& text,
                    std::chrono::milliseconds patience = std::chrono::seconds(30));
  /// Whether one with this text comes within that time; what came before does not count.
  bool hears(const std::string& text, std::chrono::milliseconds within);
  /// Returns once nothing with this text has come for so long; throws when that never happens.
  void await_silence(const std::string& text, std::chrono::milliseconds lasting);
  /// Nothing more fits in until it is read.
  void fill() const;

 private:
  /// Empty: none came.
  std::string receive(std::chrono::steady_clock::time_point deadline);
  void forget();

  std::string path_;
  int socket_;
};

}  // namespace vapisync::test
