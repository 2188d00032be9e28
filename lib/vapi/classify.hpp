#pragma once
// The one place where an HTTP answer, or its absence, becomes a verdict. Pure.
#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/transport.hpp"

namespace vapisync::vapi {

/// A write may have happened when its answer is lost; a read never matters.
enum class Effect { read, write };

/// For any status but 2xx. `key` is removed from the text, whatever Vapi echoes.
Error classify_status(const http::Response& response, http::Method method, const Secret& key);

Error classify_failure(const http::TransportFailure& failure, Effect effect);

/// A 2xx whose body is not the object we asked for.
Error unreadable_answer(const http::Response& response, Effect effect, std::string_view why);

inline Effect effect_of(http::Method method) {
  return method == http::Method::get ? Effect::read : Effect::write;
}

}  // namespace vapisync::vapi
