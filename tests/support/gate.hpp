#pragma once
// A door in a connection: forwards bytes to a server, and can hold them up, lose answers, or slam.
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/server.hpp"

namespace vapisync::test {

class Gate {
 public:
  /// To a Postgres server's socket, a path; clients come through `directory`.
  explicit Gate(const std::string& target);
  /// To a port of this machine; clients come through `port`.
  explicit Gate(int target);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void open() { set(State::open); }
  /// The next call of this prepared statement arrives; its answer, and whatever the server would
  /// say on that connection after it, vanishes. The server is silent, not gone.
  void lose_answer_to(const std::string& statement);
  /// Cuts the connection on which a client next says this, before it arrives.
  void cut_at(const std::string& text);
  /// Cuts what is connected and refuses everybody.
  void shut() { set(State::shut); }
  /// Keeps everything back until it opens; what was said meanwhile then arrives late.
  void stall() { set(State::stalled); }
  /// Keeps only the answers back.
  void hold_answers() { set(State::answers_held); }
  /// Cuts what is connected; who comes back is let in.
  void cut();

  /// The directory to give to libpq as host, with port 1.
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] int port() const { return port_; }

 private:
  enum class State { open, shut, stalled, answers_held };
  struct Pair {
    int client;
    int server;
    bool mute{false};
  };
  void start();
  void set(State state);
  void wake() const;
  void run();
  bool is_said(std::string& text, std::string_view bytes);
  void accept_one();
  bool pump(Pair& pair, bool from_client, bool from_server);
  void drop_all();

  std::function<int()> connect_;  ///< to the server; negative when it is away
  std::string directory_;
  int listener_{-1};
  int port_{0};
  int wake_{-1};
  std::atomic<State> state_{State::open};
  std::atomic<bool> cut_{false};
  std::mutex mutex_;
  std::string lost_;    ///< what the call to lose looks like; empty: none
  std::string cut_at_;  ///< empty: nothing
  std::atomic<bool> stop_{false};
  std::vector<Pair> pairs_;
  std::thread thread_;
};

}  // namespace vapisync::test
