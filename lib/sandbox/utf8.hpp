#pragma once
// Whatever bytes a client sends, our JSON answers stay valid.
#include <string>
#include <string_view>

namespace vapisync::sandbox {

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// The beginning of a text, at most so many bytes, cut between characters.
std::string_view beginning(std::string_view text, size_t bytes_max);

}  // namespace vapisync::sandbox
