#pragma once
// Which faults one seed has, and how likely each is. Whole kinds of faults are switched on and off,
// since a run in which everything fails at once hides what two faults do together.
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "support/dice.hpp"

namespace vapisync::sim {

using test::Dice;

struct Swarm {
  static Swarm draw(Dice& dice);
  [[nodiscard]] std::string to_string() const;

  int daemons{1};
  int orgs{2};
  Milliseconds chaos{60'000};  ///< how long the faults last
  Milliseconds save_every{3'000};

  // The settings of the daemons.
  Milliseconds request_timeout{3'000};
  Milliseconds window{13'000};  ///< W
  Milliseconds lease{10'000};
  int in_flight{4};
  double rate_per_second{0};
  int attempts_max{50};

  // Daemons: at each call to Vapi or to the database.
  double crash{0};
  double freeze{0};
  double stop{0};  ///< an orderly end, in each second

  // The database.
  double db_outage{0};  ///< in each second
  double db_lost{0};    ///< a commit whose answer is lost, at each statement
  double db_slow{0};    ///< a statement that takes seconds
  double db_busy{0};    ///< a row that another statement has locked
  bool bell_lost{false};

  // The network between daemon and Vapi, at each request.
  double connect_fails{0};
  double lost_request{0};
  double lost_answer{0};
  double late{0};  ///< arrives after the daemon gave up, at most W after it was sent

  // Vapi, at each request.
  double server_error{0};
  double committed_error{0};
  double odd_answer{0};      ///< 408, 413, 425, a proxy's 403
  double refused_create{0};  ///< 400, and no word about why
  double cut{0};
  Milliseconds list_lag{0};
  bool read_lag{false};
  bool normalises{false};
  bool drops{false};
  bool stuck{false};
  bool stuck_silently{false};
  // and in each second:
  double outage{0};
  double throttle{0};
  double refuse{0};

  // Operators: how many orgs have a key of their own, and another one in each second.
  double own_keys{0};
  double key_change{0};

  // Users, in each second.
  double dashboard_edit{0};
  double dashboard_delete{0};
  double clone{0};
  // and at each save:
  double long_transaction{0};
  double bad_document{0};
  double remove{0.05};
  bool files{false};  ///< there are objects that can't be changed
  double link{0};     ///< what is saved refers to others
  double hold{0};     ///< holds on to what is refused, instead of being rolled back
};

}  // namespace vapisync::sim
