#pragma once
// `vapisync sandbox`: a stateful stand-in for Vapi behind HTTP. docs/sandbox.md describes it.
// Everything runs on the executor that is given, which must be single-threaded.
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace vapisync::sandbox {

struct Options {
  std::string listen;  ///< HOST:PORT; port 0: any free one
  uint64_t seed{1};
  std::string faults_file;  ///< empty: no faults at the start
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  [[nodiscard]] virtual unsigned short port() const = 0;
  /// Stops accepting and closes every connection; legal at any time, twice too.
  virtual void stop() = 0;
};

/// Fails with `invalid` when the address or the fault plan is wrong (with the path of what is),
/// with `fatal` when the address can't be bound. The clock outlives the executor's last step.
Result<std::unique_ptr<Sandbox>> start(boost::asio::any_io_executor executor, Clock& clock,
                                       Options options);

}  // namespace vapisync::sandbox
