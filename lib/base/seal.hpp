#pragma once
// Secrets at rest: sealed with libsodium (XChaCha20-Poly1305), bound to the place they belong to.
// A sealed text is `vs1:KEYID:BASE64`. Its box carries the context it was sealed for, and opens for
// no other: a box that is copied into another row is refused.
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace vapisync {

class Sealer {
 public:
  /// `text` is a key file: one key a line, `KEYID:BASE64`; the first seals, all open.
  /// Fails with `invalid` and the line that is wrong.
  static Result<Sealer> from_key_file(const Secret& text);

  /// A line for a key file, with a fresh random key.
  static Secret make_key_line();

  [[nodiscard]] std::string seal(const Secret& secret, std::string_view context) const;

  /// Fails with `invalid`: not a sealed text, an unknown key, or not sealed for this context.
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view context) const;

 private:
  std::string sealing_key_id_;
  std::map<std::string, Secret, std::less<>> keys_;
};

}  // namespace vapisync
